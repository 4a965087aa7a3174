// SPDX-License-Identifier: Apache-2.0
#include "node/same_host/same_host_reads.hh"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"
#include "base/packet.hh"
#include "node/same_host/abstract_address.hh"

namespace obj {
namespace {

using same_host::Answer;
using same_host::Ask;
using same_host::Grant;
using same_host::Knock;
using same_host::Verdict;

constexpr Error kNoMemory{ErrorCode::kDisconnected, 0,
                          "same host: the memory of this node is not mapped (any more)"};
constexpr Error kHurried{ErrorCode::kCancelled, 0, "same host: cancelled"};
constexpr Error kMovedOn{ErrorCode::kStale, 0,
                         "same host: the owner gave the memory to another object meanwhile"};
constexpr Error kOtherNode{ErrorCode::kStale, 0, "same host: another node answers there"};
constexpr Error kNoAnswer{ErrorCode::kTimeout, 0, "same host: no answer"};
constexpr Error kNonsense{ErrorCode::kInvalid, 0, "same host: not what was asked"};
constexpr Error kForeignUser{ErrorCode::kInvalid, 0, "same host: a process of another user"};
constexpr Error kElsewhere{ErrorCode::kNotFound, 0, "same host: not on this host, or not offered"};
constexpr Error kHungUp{ErrorCode::kDisconnected, 0, "same host: the owner hung up"};

}  // namespace

SameHostReads::SameHostReads(const Parts& parts, const SameHostOptions& options)
    : parts_(parts), options_(options), door_(parts.memory, parts.reactor), jitter_(options.seed) {}

SameHostReads::~SameHostReads() {
  for (auto& [node, neighbour] : neighbours_) close_socket(neighbour);
}

Result<void> SameHostReads::start() {
  if (!options_.is_on) return {};
  OBJ_TRY(host_, HostMark::of_this_process());
  const auto opened = door_.open();
  is_open_ = opened.has_value();
  return opened;
}

// ---- finding out -------------------------------------------------------------------------------

void SameHostReads::connect(SourceNode node, const std::string& address) {
  if (!is_open_) return;
  const auto [found, is_new] = neighbours_.try_emplace(node, *this, node, address);
  Neighbour& neighbour = found->second;
  if (!is_new && neighbour.address_ == address) return;
  neighbour.address_ = address;
  if (neighbour.state_ == Neighbour::State::kIdle) ask(neighbour);
}

void SameHostReads::forget(SourceNode node) {
  const auto found = neighbours_.find(node);
  if (found == neighbours_.end()) return;
  let_go(found->second);
  neighbours_.erase(found);
}

void SameHostReads::ask(Neighbour& neighbour) {
  const auto peer = parts_.messages.dial(neighbour.address_);
  if (!peer) return retry_later(neighbour, peer.error());
  neighbour.state_ = Neighbour::State::kAsking;
  neighbour.peer_ = *peer;
  neighbour.next_ns_ = 0;
}

void SameHostReads::on_peer_up(PeerId peer, bool is_ours) {
  Neighbour* const neighbour = is_ours ? neighbour_of(peer) : nullptr;
  if (neighbour == nullptr) return;
  if (parts_.identity(peer) != neighbour->node_) return retry_later(*neighbour, kOtherNode);
  Ask ask;
  ask.host = host_;
  const auto sent = parts_.messages.send(peer, same_host::bytes_of(ask));
  if (!sent) retry_later(*neighbour, sent.error());
}

void SameHostReads::on_message(PeerId peer, std::span<const std::byte> message) {
  Neighbour* const neighbour = neighbour_of(peer);
  neighbour != nullptr ? on_answer(*neighbour, message) : on_ask(peer, message);
}

void SameHostReads::on_ask(PeerId peer, std::span<const std::byte> message) {
  const auto ask = same_host::decode<Ask>(message);
  if (!ask) return parts_.messages.hang_up(peer);
  Answer answer;
  if (!is_open_) {
    answer.verdict = Verdict::kOff;
  } else if (ask->host == host_) {
    answer.verdict = Verdict::kHere;
    answer.key = door_.make_key(peer);
    answer.socket_name = door_.name();
  }
  const auto sent = parts_.messages.send(peer, same_host::bytes_of(answer));
  if (!sent) parts_.messages.hang_up(peer);
}

void SameHostReads::on_answer(Neighbour& neighbour, std::span<const std::byte> message) {
  const auto answer = same_host::decode<Answer>(message);
  if (!answer || neighbour.state_ != Neighbour::State::kAsking) {
    return retry_later(neighbour, kNonsense);
  }
  if (answer->verdict == Verdict::kHere) return knock(neighbour, *answer);
  // Neither changes in the life of that daemon.
  give_up(neighbour, kElsewhere);
}

void SameHostReads::on_peer_down(PeerId peer, const Error& why) {
  door_.void_key(peer);
  Neighbour* const neighbour = neighbour_of(peer);
  if (neighbour == nullptr) return;
  neighbour->peer_ = 0;
  retry_later(*neighbour, why);
}

// ---- the memory itself -------------------------------------------------------------------------

void SameHostReads::knock(Neighbour& neighbour, const Answer& answer) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const AbstractAddress address(answer.socket_name);
  if (socket.get() < 0 || ::connect(socket.get(), address.get(), address.size()) != 0) {
    return retry_later(neighbour, Error{ErrorCode::kSystem, errno, "same host: connect"});
  }
  if (!is_of_our_user(socket.get())) return retry_later(neighbour, kForeignUser);
  Knock knock;
  knock.key = answer.key;
  const auto sent = send_packet(socket.get(), same_host::bytes_of(knock), {});
  if (!sent) return retry_later(neighbour, sent.error());
  const auto watched = parts_.reactor.watch(socket.get(), neighbour);
  if (!watched) return retry_later(neighbour, watched.error());
  neighbour.socket_ = std::move(socket);
  neighbour.state_ = Neighbour::State::kKnocking;
}

// The grant; later nothing but the end of the owner.
void SameHostReads::on_socket(Neighbour& neighbour) {
  if (neighbour.state_ == Neighbour::State::kMapped) return give_up(neighbour, kHungUp);
  auto memory = receive_grant(neighbour);
  if (!memory) {
    if (memory.error().code != ErrorCode::kTimeout) retry_later(neighbour, memory.error());
    return;
  }
  neighbour.memory_ = std::move(*memory);
  neighbour.state_ = Neighbour::State::kMapped;
  neighbour.backoff_.reset();
  hang_up(neighbour);
  log::info("same_host_memory", {{"node", neighbour.node_.node}});
}

Result<std::unique_ptr<const NeighbourMemory>> SameHostReads::receive_grant(
    const Neighbour& neighbour) {
  Grant grant;
  OBJ_TRY(const Packet packet, receive_packet(neighbour.socket_.get(), &grant, sizeof grant, 0));
  if (packet.size_bytes != sizeof grant || packet.is_cut || grant.magic != same_host::kMagic ||
      packet.fds.size() != same_host::kGrantFds) {
    return std::unexpected(kNonsense);
  }
  OBJ_TRY(NeighbourMemory memory,
          NeighbourMemory::map(packet.fds[0], packet.fds[1], neighbour.node_.incarnation));
  return std::make_unique<const NeighbourMemory>(std::move(memory));
}

void SameHostReads::give_up(Neighbour& neighbour, const Error& why) {
  log::debug("same_host_given_up", {{"node", neighbour.node_.node}, {"error", why}});
  let_go(neighbour);
  neighbour.state_ = Neighbour::State::kFar;
}

void SameHostReads::retry_later(Neighbour& neighbour, const Error& why) {
  if (neighbour.backoff_.failures() >= kTriesMax) return give_up(neighbour, why);
  let_go(neighbour);
  neighbour.state_ = Neighbour::State::kWaiting;
  neighbour.next_ns_ = now_ns_ + neighbour.backoff_.next(jitter_);
}

void SameHostReads::hang_up(Neighbour& neighbour) {
  const PeerId peer = std::exchange(neighbour.peer_, 0);
  if (peer != 0) parts_.messages.hang_up(peer);
}

// What was posted to it fails at its turn.
void SameHostReads::let_go(Neighbour& neighbour) {
  hang_up(neighbour);
  close_socket(neighbour);
  neighbour.memory_.reset();
}

void SameHostReads::close_socket(Neighbour& neighbour) {
  if (neighbour.socket_.get() >= 0) parts_.reactor.unwatch(neighbour.socket_.get(), neighbour);
  neighbour.socket_ = UniqueFd(-1);
}

SameHostReads::Neighbour* SameHostReads::neighbour_of(PeerId peer) {
  for (auto& [node, neighbour] : neighbours_) {
    if (neighbour.peer_ == peer) return &neighbour;
  }
  return nullptr;
}

size_t SameHostReads::neighbours() const {
  return static_cast<size_t>(std::ranges::count_if(
      neighbours_, [](const auto& entry) { return entry.second.memory_ != nullptr; }));
}

// ---- reading -----------------------------------------------------------------------------------

const NeighbourMemory* SameHostReads::memory_of(SourceNode node) const {
  const auto found = neighbours_.find(node);
  return found != neighbours_.end() ? found->second.memory_.get() : nullptr;
}

void SameHostReads::hurry(ReadCookie cookie) {
  const auto found =
      std::ranges::find_if(jobs_, [&](const Job& job) { return cookie_of(job.post) == cookie; });
  if (found != jobs_.end()) found->is_hurried = true;
}

uint32_t SameHostReads::progress(uint32_t events_max) {
  uint64_t budget_bytes = kTurnBytes;
  uint32_t done = 0;
  for (size_t left = jobs_.size(); left > 0 && done < events_max && budget_bytes > 0; left--) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (advance(job, budget_bytes)) {
      done++;
    } else if (job.settled_by_ns != 0) {
      jobs_.push_back(std::move(job));  // others need not wait for it
    } else {
      jobs_.push_front(std::move(job));
    }
  }
  return budget_bytes < kTurnBytes ? std::max(done, 1u) : done;
}

// True: completed.
bool SameHostReads::advance(Job& job, uint64_t& budget_bytes) {
  const auto* const read = std::get_if<ReadOrder>(&job.post);
  const RemoteCopy& copy = read != nullptr ? read->copy : std::get<CheckOrder>(job.post).copy;
  const NeighbourMemory* const memory = memory_of(copy.node);
  if (memory == nullptr || job.is_hurried) {
    fail(job, job.is_hurried ? kHurried : kNoMemory);
    return true;
  }
  if (read != nullptr) return advance_read(*memory, *read, job, budget_bytes);
  parts_.completions.on_check_done(cookie_of(job.post), memory->look(copy));
  return true;
}

bool SameHostReads::advance_read(const NeighbourMemory& memory, const ReadOrder& order, Job& job,
                                 uint64_t& budget_bytes) {
  if (job.done_bytes == 0) {
    const auto allowed = memory.may_read(order);
    if (!allowed) {
      fail(job, allowed.error());
      return true;
    }
  }
  const uint64_t size_bytes = std::min(order.size_bytes - job.done_bytes, budget_bytes);
  memory.copy(order, job.done_bytes, size_bytes);
  job.done_bytes += size_bytes;
  budget_bytes -= size_bytes;
  if (job.done_bytes < order.size_bytes) return false;

  using Still = NeighbourMemory::Still;
  const Still still = memory.still(order.copy);
  if (still == Still::kUnsettled) {
    // Evicted or deleted: it comes back at once, or never.
    const uint64_t now_ns = monotonic_ns();
    if (job.settled_by_ns == 0) job.settled_by_ns = now_ns + kUnsettledNs;
    if (now_ns < job.settled_by_ns) return false;
  }
  if (still == Still::kSame) {
    read_bytes_ += order.size_bytes;
    parts_.completions.on_read_done(order.cookie, ReadProof::kSameGeneration);
  } else {
    fail(job, kMovedOn);
  }
  return true;
}

void SameHostReads::fail(const Job& job, const Error& why) {
  if (std::holds_alternative<ReadOrder>(job.post)) {
    parts_.completions.on_read_done(cookie_of(job.post), std::unexpected(why));
  } else {
    parts_.completions.on_check_done(cookie_of(job.post), std::unexpected(why));
  }
}

// ---- time --------------------------------------------------------------------------------------

void SameHostReads::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  door_.step(now_ns);
  for (auto& [node, neighbour] : neighbours_) {
    switch (neighbour.state_) {
      case Neighbour::State::kIdle:
      case Neighbour::State::kMapped:
      case Neighbour::State::kFar: break;
      case Neighbour::State::kWaiting:
        if (now_ns >= neighbour.next_ns_) ask(neighbour);
        break;
      case Neighbour::State::kAsking:
      case Neighbour::State::kKnocking:
        if (neighbour.next_ns_ == 0) neighbour.next_ns_ = now_ns + kExchangeNs;
        if (now_ns >= neighbour.next_ns_) retry_later(neighbour, kNoAnswer);
        break;
    }
  }
}

uint64_t SameHostReads::next_step_ns() const {
  uint64_t next_ns = door_.next_step_ns();
  for (const auto& [node, neighbour] : neighbours_) {
    const bool is_timed = neighbour.state_ == Neighbour::State::kWaiting ||
                          neighbour.state_ == Neighbour::State::kAsking ||
                          neighbour.state_ == Neighbour::State::kKnocking;
    if (is_timed) next_ns = std::min(next_ns, neighbour.next_ns_);
  }
  return next_ns;
}

}  // namespace obj
