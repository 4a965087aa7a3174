// SPDX-License-Identifier: Apache-2.0
// directory/directory_link.hh -- a node's connection to the directory: dialled, registered, kept
// alive.
//
//          delay over             peer up               registered
//   Down -------------> Dialling ---------> Registering ----------> Ready
//    ^                      |                    |                     |
//    '----------------------'--------------------'---------------------'
//       peer down, refused, no answer in time, the transport's queue is full
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hh"
#include "base/error.hh"
#include "directory/location.hh"
#include "directory/redial_delay.hh"
#include "directory/wire/message_writer.hh"
#include "directory/wire/messages.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

struct LinkOptions {
  std::string address;                 // of the directory, "host:port"
  uint32_t connect_timeout_ms = 5000;  // from the dial until we are registered
  uint32_t reply_timeout_ms = 3000;    // while an answer is due and nothing at all is heard
  uint32_t redial_least_ms = 50;
  uint32_t redial_most_ms = 2000;
};

// Lifetime: `transport` must outlive it.  Threads: the reactor thread.
class DirectoryLink {
 public:
  enum class State : uint8_t { kDown, kDialling, kRegistering, kReady };

  DirectoryLink(MessageTransport& transport, const LinkOptions& options, const NodeInfo& node,
                uint64_t seed, uint64_t now_ns);

  State state() const { return state_; }
  bool ready() const { return state_ == State::kReady; }
  // Whether this is the present connection. Events of other peers are none of ours.
  bool is(PeerId peer) const { return state_ != State::kDown && peer == peer_; }

  // Dials, beats, and gives up on what is overdue. `answer_due`: we wait for the directory.
  void step(uint64_t now_ns, const NodeLoad& load, bool answer_due);
  uint64_t next_step_ns() const;

  void on_up(uint64_t now_ns);
  void on_heard(uint64_t now_ns) { heard_ns_ = now_ns; }
  // False: refused, or out of turn; the link is down.
  bool on_registered(const wire::Registered& answer, uint64_t now_ns);
  void on_down(const Error& why, uint64_t now_ns);

  // Queues a message. If that fails, the link is down. REQUIRES: is up.
  void send(std::span<const std::byte> message);
  // Hangs up and dials again after the delay.
  void fail(const Error& why);

  // Whether a link that was ready went down since the last call.
  bool take_lost() { return std::exchange(lost_, false); }

 private:
  void dial(uint64_t now_ns);
  void go_down(const Error& why);

  // Fixed after construction.
  MessageTransport& transport_;
  LinkOptions options_;
  NodeInfo node_;

  State state_ = State::kDown;
  PeerId peer_ = 0;  // unless down
  bool lost_ = false;
  uint64_t now_ns_;                       // of the last event
  uint64_t redial_at_ns_;                 // while down
  uint64_t connect_until_ns_ = 0;         // while dialling or registering
  uint64_t heard_ns_ = 0;                 // the directory said anything
  std::optional<uint64_t> due_since_ns_;  // an answer is due since
  uint64_t beat_every_ns_ = 0;
  uint64_t next_beat_ns_ = 0;
  RedialDelay redial_;
  wire::MessageWriter writer_;
};

}  // namespace obj::directory
