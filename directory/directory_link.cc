// SPDX-License-Identifier: Apache-2.0
#include "directory/directory_link.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"

namespace obj::directory {
namespace {

uint64_t to_ns(uint32_t ms) { return uint64_t{ms} * 1'000'000; }

}  // namespace

DirectoryLink::DirectoryLink(MessageTransport& transport, const LinkOptions& options,
                             const NodeInfo& node, uint64_t seed, uint64_t now_ns)
    : transport_(transport),
      options_(options),
      node_(node),
      now_ns_(now_ns),
      redial_at_ns_(now_ns),
      redial_(options.redial_least_ms, options.redial_most_ms, seed) {}

void DirectoryLink::step(uint64_t now_ns, const NodeLoad& load, bool answer_due) {
  now_ns_ = now_ns;
  if (!answer_due)
    due_since_ns_.reset();
  else if (!due_since_ns_)
    due_since_ns_ = now_ns;
  switch (state_) {
    case State::kDown:
      if (now_ns >= redial_at_ns_) dial(now_ns);
      return;
    case State::kDialling:
    case State::kRegistering:
      if (now_ns >= connect_until_ns_) fail({ErrorCode::kTimeout, 0, "directory: connect"});
      return;
    case State::kReady: break;
  }
  if (now_ns >= next_beat_ns_) {
    next_beat_ns_ = now_ns + beat_every_ns_;
    send(wire::encode_heartbeat(writer_, load));
  }
  const uint64_t quiet_since_ns = std::max(heard_ns_, due_since_ns_.value_or(now_ns));
  if (ready() && now_ns - quiet_since_ns >= to_ns(options_.reply_timeout_ms)) {
    fail({ErrorCode::kTimeout, 0, "directory: no answer"});
  }
}

uint64_t DirectoryLink::next_step_ns() const {
  switch (state_) {
    case State::kDown: return redial_at_ns_;
    case State::kDialling:
    case State::kRegistering: return connect_until_ns_;
    case State::kReady: break;
  }
  if (!due_since_ns_) return next_beat_ns_;
  return std::min(next_beat_ns_,
                  std::max(heard_ns_, *due_since_ns_) + to_ns(options_.reply_timeout_ms));
}

void DirectoryLink::dial(uint64_t now_ns) {
  const auto peer = transport_.dial(options_.address);
  if (!peer) return go_down(peer.error());
  peer_ = *peer;
  state_ = State::kDialling;
  connect_until_ns_ = now_ns + to_ns(options_.connect_timeout_ms);
}

void DirectoryLink::on_up(uint64_t now_ns) {
  OBJ_CHECK(state_ == State::kDialling);
  now_ns_ = now_ns;
  state_ = State::kRegistering;
  send(wire::encode_register(writer_, node_));
}

bool DirectoryLink::on_registered(const wire::Registered& answer, uint64_t now_ns) {
  now_ns_ = now_ns;
  if (state_ != State::kRegistering) {
    fail({ErrorCode::kInvalid, 0, "directory: registered out of turn"});
    return false;
  }
  switch (answer.status) {
    case wire::RegisterStatus::kAccepted: break;
    case wire::RegisterStatus::kOldIncarnation:
      fail({ErrorCode::kStale, 0, "directory: a newer life of this node is registered"});
      return false;
    case wire::RegisterStatus::kLimit:
      fail({ErrorCode::kLimit, 0, "directory: too many nodes"});
      return false;
    case wire::RegisterStatus::kInvalid:
      fail({ErrorCode::kInvalid, 0, "directory: refused to register us"});
      return false;
  }
  state_ = State::kReady;
  heard_ns_ = now_ns;
  beat_every_ns_ = std::max<uint64_t>(to_ns(answer.lease_ms) / 4, 1'000'000);
  next_beat_ns_ = now_ns + beat_every_ns_;
  redial_.after_success();
  log::info("directory_ready", {{"address", options_.address}, {"epoch", answer.epoch}});
  return true;
}

void DirectoryLink::on_down(const Error& why, uint64_t now_ns) {
  now_ns_ = now_ns;
  go_down(why);
}

void DirectoryLink::send(std::span<const std::byte> message) {
  OBJ_CHECK(state_ != State::kDown);
  const auto sent = transport_.send(peer_, message);
  if (!sent) fail(sent.error());
}

void DirectoryLink::fail(const Error& why) {
  if (state_ == State::kDown) return;
  transport_.hang_up(peer_);
  go_down(why);
}

void DirectoryLink::go_down(const Error& why) {
  // Once for each time that it was there; not for each attempt to find it again.
  if (state_ == State::kReady) {
    lost_ = true;
    log::warn("directory_lost", {{"address", options_.address}, {"why", why}});
  } else {
    log::debug("directory_unreachable", {{"address", options_.address}, {"why", why}});
  }
  state_ = State::kDown;
  redial_at_ns_ = now_ns_ + redial_.after_failure_ns();
}

}  // namespace obj::directory
