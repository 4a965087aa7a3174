// SPDX-License-Identifier: Apache-2.0
#include "node/remote/pushes.hh"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.hh"
#include "base/log.hh"
#include "node/remote/push_wire.hh"

namespace obj {

using push_wire::Message;

Result<void> Pushes::push(const ObjectId& id, const std::string& address, uint64_t tag,
                          uint64_t deadline_ns) {
  if (pending_.size() >= kInFlightMax) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "pushes in flight"});
  }
  const uint64_t cookie = ++last_cookie_;
  const auto peer = peer_at(address);
  pending_.emplace(cookie, Pending{tag, peer.value_or(PeerId{0}), deadline_ns});
  if (!peer) {
    end(cookie, std::unexpected(Error{ErrorCode::kDisconnected, 0, "dial"}),
        "the node's address cannot be dialled: " + address);
    return {};
  }
  const auto sent =
      transport_.send(*peer, push_wire::encode({Message::Type::kPush, cookie, id, false}));
  if (!sent) end(cookie, sent, "the connection to " + address + " does not take it");
  return {};
}

// If it is lost, the pull that wants the object asks again.
void Pushes::ask_restore(const ObjectId& id, const std::string& address) {
  const auto peer = peer_at(address);
  if (!peer) return;
  const auto sent =
      transport_.send(*peer, push_wire::encode({Message::Type::kRestore, 0, id, false}));
  if (!sent) log::debug("restore_not_asked", {{"address", address}, {"error", sent.error()}});
}

std::optional<PeerId> Pushes::peer_at(const std::string& address) {
  const auto known = peers_.find(address);
  if (known != peers_.end()) return known->second;
  const auto dialled = transport_.dial(address);
  if (!dialled) return std::nullopt;
  peers_.emplace(address, *dialled);
  return *dialled;
}

void Pushes::end(uint64_t cookie, const Result<void>& result, std::string why) {
  const auto pending = pending_.extract(cookie);
  if (!pending.empty()) ended_.push_back({pending.mapped().tag, result, std::move(why)});
}

void Pushes::step(uint64_t now_ns) {
  std::vector<uint64_t> late;
  for (const auto& [cookie, pending] : pending_) {
    if (pending.deadline_ns <= now_ns) late.push_back(cookie);
  }
  for (const uint64_t cookie : late) {
    end(cookie, std::unexpected(Error{ErrorCode::kTimeout, 0, "push"}),
        "the node did not answer in time");
  }
  for (; !ended_.empty(); ended_.pop_front()) {
    const Ended ended = std::move(ended_.front());
    events_.on_pushed(ended.tag, ended.result, ended.why);
  }
}

uint64_t Pushes::next_step_ns() const {
  if (!ended_.empty()) return 0;
  uint64_t next_ns = kForeverNs;
  for (const auto& [cookie, pending] : pending_) next_ns = std::min(next_ns, pending.deadline_ns);
  return next_ns;
}

void Pushes::on_message(PeerId peer, std::span<const std::byte> bytes) {
  const auto message = push_wire::decode(bytes);
  if (!message) {
    log::warn("push_garbage", {{"peer", peer}});
    transport_.hang_up(peer);
    return;
  }
  if (message->type == Message::Type::kRestore) return events_.on_restore_asked(message->id);
  if (message->type == Message::Type::kPush) {
    const bool taken = events_.on_asked(message->id);
    const auto answer =
        push_wire::encode({Message::Type::kPushed, message->cookie, message->id, !taken});
    // If it does not arrive the asker's deadline tells it.
    if (!transport_.send(peer, answer)) transport_.hang_up(peer);
    return;
  }
  // Only the node that was asked may answer.
  const auto pending = pending_.find(message->cookie);
  if (pending == pending_.end() || pending->second.peer != peer) return;
  if (message->refused) {
    end(message->cookie, std::unexpected(Error{ErrorCode::kLimit, 0, "push"}),
        "the node wants too many objects already");
  } else {
    end(message->cookie, {}, {});
  }
}

void Pushes::on_peer_down(PeerId peer, const Error& why) {
  std::erase_if(peers_, [peer](const auto& known) { return known.second == peer; });
  std::vector<uint64_t> lost;
  for (const auto& [cookie, pending] : pending_) {
    if (pending.peer == peer) lost.push_back(cookie);
  }
  for (const uint64_t cookie : lost) {
    end(cookie, std::unexpected(why),
        std::string("the connection to the node ended: ") + why.where);
  }
}

}  // namespace obj
