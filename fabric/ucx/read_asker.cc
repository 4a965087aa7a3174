// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/read_asker.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"

namespace obj::ucx {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;
constexpr Error kUnknownNode{ErrorCode::kDisconnected, 0,
                             "reads: this node's address is not known"};
constexpr Error kTooMany{ErrorCode::kLimit, 0, "reads: too many reads of one node at once"};
constexpr Error kHurried{ErrorCode::kCancelled, 0, "reads: cancelled"};
constexpr Error kOtherNode{ErrorCode::kStale, 0,
                           "reads: another node, or a later start of it, answers at this address"};
constexpr Error kStaleCopy{ErrorCode::kStale, 0,
                           "reads: the owner has no such copy, or it is not "
                           "as long as asked for"};
constexpr Error kRefusedOrder{ErrorCode::kInvalid, 0, "reads: the owner refuses the order"};
constexpr Error kWrongAnswer{ErrorCode::kInvalid, 0, "reads: the peer answered what was not asked"};
constexpr Error kNoHurry{ErrorCode::kTimeout, 0,
                         "reads: the owner neither answers nor cancels a read; connection broken "
                         "off"};
constexpr Error kHalfArrived{ErrorCode::kDisconnected, 0,
                             "reads: the connection broke while the data arrived"};

}  // namespace

// ---- posting -----------------------------------------------------------------------------------

void ReadAsker::connect(SourceNode node, const std::string& address) {
  const auto [found, is_new] =
      links_.try_emplace(node, Link{.node = node,
                                    .address = address,
                                    .backoff = Backoff(limits_.redial_least_ms * kNsPerMs,
                                                       limits_.redial_most_ms * kNsPerMs)});
  Link& link = found->second;
  link.is_forgotten = false;
  if (!is_new && link.address == address) return;
  link.address = address;
  if (link.state == Link::State::kDown) dial(link);
}

void ReadAsker::forget(SourceNode node) {
  const auto found = links_.find(node);
  if (found != links_.end()) found->second.is_forgotten = true;
}

void ReadAsker::post_read(const ReadOrder& order) {
  OBJ_CHECK(order.size_bytes > 0 && order.destination != nullptr);
  post(order.copy,
       {.cookie = order.cookie, .destination = order.destination, .size_bytes = order.size_bytes},
       order.object_offset);
}

void ReadAsker::post_check(const CheckOrder& order) {
  post(order.copy, {.cookie = order.cookie}, 0);
}

void ReadAsker::post(const RemoteCopy& copy, const PendingRead& read, uint64_t object_offset) {
  const auto found = links_.find(copy.node);
  if (found == links_.end() || found->second.is_forgotten) {
    return early_.push_back({read.cookie, read.is_check(), kUnknownNode});
  }
  Link& link = found->second;
  if (link.pending.is_full()) return early_.push_back({read.cookie, read.is_check(), kTooMany});

  const uint32_t number = link.pending.add(read);
  OBJ_CHECK(places_.emplace(read.cookie, Place{&link, number}).second);
  link.unsent.push_back({.number = number,
                         .kind = read.is_check() ? OrderKind::kCheck : OrderKind::kRead,
                         .reserved = {},
                         .id = copy.id,
                         .slot = copy.slot,
                         .size_bytes = read.size_bytes,
                         .generation = copy.generation,
                         .extent_offset = copy.offset,
                         .object_offset = object_offset});
}

void ReadAsker::hurry(ReadCookie cookie) {
  const auto found = places_.find(cookie);
  if (found == places_.end()) return;
  const auto [link, number] = found->second;
  const PendingRead& read = *link->pending.find(number);
  if (read.state == PendingRead::State::kUnsent) {
    early_.push_back({cookie, read.is_check(), kHurried});
    link->pending.remove(number);
    places_.erase(found);
    return;
  }
  if (std::ranges::find(link->hurried, number, &Hurried::number) != link->hurried.end()) return;
  link->hurried.push_back({number, 0});
  OrderRecord order{};
  order.number = number;
  order.kind = OrderKind::kHurry;
  link->unsent.push_back(order);
}

// ---- sending -----------------------------------------------------------------------------------

bool ReadAsker::may_flush(const Link& link) const {
  return link.state == Link::State::kUp && !link.unsent.empty() && fabric_.has_room(link.peer);
}

bool ReadAsker::has_work() const {
  return !early_.empty() ||
         std::ranges::any_of(links_, [&](const auto& entry) { return may_flush(entry.second); });
}

uint32_t ReadAsker::work() {
  uint32_t done = 0;
  for (auto& [node, link] : links_) done += flush(link);
  const std::vector<Early> early = std::exchange(early_, {});
  for (const auto& [cookie, is_check, why] : early) {
    fail({.cookie = cookie, .size_bytes = is_check ? 0u : 1u}, why);
  }
  drop_forgotten();
  return done + static_cast<uint32_t>(early.size());
}

uint32_t ReadAsker::flush(Link& link) {
  uint32_t begun = 0;
  while (begun < link.unsent.size() && may_flush(link)) {
    orders_.clear();
    while (begun < link.unsent.size() && orders_.has_room(sizeof(OrderRecord))) {
      const OrderRecord& order = link.unsent[begun++];
      PendingRead* const read = link.pending.find(order.number);
      if (read == nullptr) continue;  // hurried, or answered before it could be
      if (read->state == PendingRead::State::kUnsent) read->state = PendingRead::State::kSent;
      orders_.add(order);
    }
    if (orders_.empty()) break;
    const auto sent = fabric_.transport(Service::kReads).send(link.peer, orders_.message());
    if (!sent) {
      break_off(link, sent.error());
      break;
    }
  }
  link.unsent.erase(link.unsent.begin(), link.unsent.begin() + begun);
  return begun;
}

// ---- connections -------------------------------------------------------------------------------

ReadAsker::Link* ReadAsker::link_of(PeerId peer) {
  const auto found = links_by_peer_.find(peer);
  return found != links_by_peer_.end() ? found->second : nullptr;
}

void ReadAsker::dial(Link& link) {
  const auto peer = fabric_.transport(Service::kReads).dial(link.address);
  if (!peer) return go_down(link, peer.error());
  link.state = Link::State::kDialling;
  link.peer = *peer;
  links_by_peer_[*peer] = &link;
}

void ReadAsker::on_peer_up(PeerId peer) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  if (fabric_.identity(peer) != link->node) return break_off(*link, kOtherNode);
  link->state = Link::State::kUp;
  link->backoff.reset();
}

void ReadAsker::break_off(Link& link, const Error& why) { fabric_.break_off(link.peer, why); }

void ReadAsker::on_peer_down(PeerId peer, const Error& why) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  links_by_peer_.erase(peer);
  go_down(*link, why);
}

void ReadAsker::go_down(Link& link, const Error& why) {
  link.state = Link::State::kDown;
  link.retry_at_ns = now_ns_ + link.backoff.next(jitter_);
  link.unsent.clear();
  link.hurried.clear();
  // What the owner answered wrongly is its own error; to the poster the connection broke.
  const bool is_stale = why.code == ErrorCode::kStale;
  const Error told{is_stale ? ErrorCode::kStale : ErrorCode::kDisconnected, why.system_errno,
                   why.where};
  for (const auto& [number, read] : link.pending.take_all()) {
    places_.erase(read.cookie);
    if (read.state == PendingRead::State::kReceiving) {
      orphans_[{link.peer, number}] = read;
    } else {
      early_.push_back({read.cookie, read.is_check(), told});
    }
  }
}

void ReadAsker::drop_forgotten() {
  for (auto it = links_.begin(); it != links_.end();) {
    Link& link = it->second;
    if (!link.is_forgotten || !link.pending.empty()) {
      ++it;
      continue;
    }
    if (link.state != Link::State::kDown) {
      links_by_peer_.erase(link.peer);
      fabric_.transport(Service::kReads).hang_up(link.peer);
    }
    it = links_.erase(it);
  }
}

// ---- answers -----------------------------------------------------------------------------------

void ReadAsker::on_answers(PeerId peer, std::span<const std::byte> message) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  const auto answers = decode_answers(message);
  if (!answers) return break_off(*link, kWrongAnswer);
  for (const Answer& answer : *answers) {
    if (!accept(*link, answer)) return break_off(*link, kWrongAnswer);
  }
}

// False: not an answer to what was asked. Nothing of it is written anywhere then.
bool ReadAsker::accept(Link& link, const Answer& answer) {
  const PendingRead* const read = link.pending.find(answer.number);
  if (read == nullptr || read->state != PendingRead::State::kSent) return false;
  if (answer.kind == AnswerKind::kData && answer.content.size() != read->size_bytes) return false;
  if (answer.kind == AnswerKind::kSighting && !read->is_check()) return false;
  complete(link, answer.number, answer);
  return true;
}

void ReadAsker::complete(Link& link, uint32_t number, const Answer& answer) {
  const PendingRead read = link.pending.remove(number);
  places_.erase(read.cookie);
  switch (answer.kind) {
    case AnswerKind::kData:
      std::memcpy(read.destination, answer.content.data(), read.size_bytes);
      return completions_.on_read_done(read.cookie, ReadProof::kSameGeneration);
    case AnswerKind::kSighting: return completions_.on_check_done(read.cookie, answer.sighting);
    case AnswerKind::kStale: return fail(read, kStaleCopy);
    case AnswerKind::kRefused: return fail(read, kRefusedOrder);
    case AnswerKind::kCancelled: return fail(read, kHurried);
  }
}

void ReadAsker::fail(const PendingRead& read, const Error& why) {
  if (read.is_check()) {
    completions_.on_check_done(read.cookie, std::unexpected(why));
  } else {
    completions_.on_read_done(read.cookie, std::unexpected(why));
  }
}

std::span<std::byte> ReadAsker::on_bulk_offered(PeerId peer, uint32_t number, size_t size_bytes) {
  Link* const link = link_of(peer);
  PendingRead* const read = link != nullptr ? link->pending.find(number) : nullptr;
  if (read == nullptr || read->state != PendingRead::State::kSent ||
      read->size_bytes != size_bytes) {
    return {};
  }
  read->state = PendingRead::State::kReceiving;
  return {read->destination, size_bytes};
}

void ReadAsker::on_bulk_received(PeerId peer, uint32_t number, bool is_filled) {
  PendingRead read;
  if (const auto orphan = orphans_.find({peer, number}); orphan != orphans_.end()) {
    read = orphan->second;
    orphans_.erase(orphan);
  } else {
    Link* const link = link_of(peer);
    OBJ_CHECK(link != nullptr);
    read = link->pending.remove(number);
    places_.erase(read.cookie);
  }
  if (!is_filled) return fail(read, kHalfArrived);
  completions_.on_read_done(read.cookie, ReadProof::kSameGeneration);
}

// ---- time --------------------------------------------------------------------------------------

void ReadAsker::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  for (auto& [node, link] : links_) {
    const bool is_wanted = link.state == Link::State::kDown && !link.pending.empty();
    if (is_wanted && now_ns >= link.retry_at_ns) dial(link);
    check_hurried(link);
  }
}

void ReadAsker::check_hurried(Link& link) {
  std::erase_if(link.hurried,
                [&](const Hurried& h) { return link.pending.find(h.number) == nullptr; });
  for (Hurried& hurried : link.hurried) {
    if (hurried.until_ns == 0) hurried.until_ns = now_ns_ + limits_.hurry_ms * kNsPerMs;
    if (now_ns_ >= hurried.until_ns) break_off(link, kNoHurry);
  }
}

uint64_t ReadAsker::next_step_ns() const {
  uint64_t next_ns = kForeverNs;
  for (const auto& [node, link] : links_) {
    if (link.state == Link::State::kDown && !link.pending.empty()) {
      next_ns = std::min(next_ns, link.retry_at_ns);
    }
    // The first is the oldest.
    if (!link.hurried.empty()) next_ns = std::min(next_ns, link.hurried.front().until_ns);
  }
  return next_ns;
}

}  // namespace obj::ucx
