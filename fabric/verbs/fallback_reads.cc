// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/fallback_reads.hh"

#include <utility>

#include "base/check.hh"
#include "base/log.hh"

namespace obj::verbs {
namespace {

using AnyOrder = std::variant<ReadOrder, CheckOrder>;

ReadCookie cookie_of(const AnyOrder& order) {
  return std::visit([](const auto& each) { return each.cookie; }, order);
}
SourceNode node_of(const AnyOrder& order) {
  return std::visit([](const auto& each) { return each.copy.node; }, order);
}

void send(ReadTransport& transport, const AnyOrder& order) {
  if (const auto* const read = std::get_if<ReadOrder>(&order)) {
    transport.post_read(*read);
  } else {
    transport.post_check(std::get<CheckOrder>(order));
  }
}

}  // namespace

void FallbackReads::connect(SourceNode node, const std::string& address) {
  Node& known = nodes_[node];
  known.address = address;
  first_->connect(node, address);
  if (known.is_connected) second_->connect(node, address);
}

void FallbackReads::forget(SourceNode node) {
  const auto known = nodes_.extract(node);
  if (known.empty()) return;
  first_->forget(node);
  if (known.mapped().is_connected) second_->forget(node);
}

void FallbackReads::post_read(const ReadOrder& order) { post(order); }
void FallbackReads::post_check(const CheckOrder& order) { post(order); }

void FallbackReads::post(const Order& order) {
  const auto state = path_of_(node_of(order));
  const bool is_down = state == PathState::kDown;
  if (is_down && post_second(order)) {
    diverted_++;
    return;
  }
  post_first(order);
}

void FallbackReads::post_first(const Order& order) {
  OBJ_CHECK(posted_.emplace(cookie_of(order), Posted{order}).second);
  send(*first_, order);
}

bool FallbackReads::post_second(const Order& order) {
  const SourceNode node = node_of(order);
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return false;
  Node& known = found->second;
  if (!std::exchange(known.is_connected, true)) second_->connect(node, known.address);
  if (!std::exchange(known.is_downgraded, true)) {
    log::warn("transport_downgrade",
              {{"node", node.node}, {"from", "verbs"}, {"to", "ucx"}, {"see", "objctl nodes"}});
  }
  send(*second_, order);
  return true;
}

void FallbackReads::hurry(ReadCookie cookie) {
  const auto found = posted_.find(cookie);
  if (found == posted_.end()) return second_->hurry(cookie);
  found->second.is_hurried = true;
  first_->hurry(cookie);
}

std::optional<FallbackReads::Order> FallbackReads::to_ask_again(ReadCookie cookie,
                                                                const Error* error) {
  const auto posted = posted_.extract(cookie);
  OBJ_CHECK(!posted.empty());
  const Order& order = posted.mapped().order;
  const auto known = nodes_.find(node_of(order));
  if (error == nullptr) {
    if (known != nodes_.end() && std::exchange(known->second.is_downgraded, false)) {
      log::info("transport_restored", {{"node", known->first.node}, {"to", "verbs"}});
    }
    return std::nullopt;
  }
  const bool is_the_paths = error->code == ErrorCode::kDisconnected;
  if (!is_the_paths || posted.mapped().is_hurried || known == nodes_.end()) return std::nullopt;
  asked_again_++;
  return order;
}

void FallbackReads::on_read_done(ReadCookie cookie, const Result<ReadProof>& result) {
  const auto again = to_ask_again(cookie, result ? nullptr : &result.error());
  if (!again || !post_second(*again)) poster_.on_read_done(cookie, result);
}

void FallbackReads::on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) {
  const auto again = to_ask_again(cookie, result ? nullptr : &result.error());
  if (!again || !post_second(*again)) poster_.on_check_done(cookie, result);
}

}  // namespace obj::verbs
