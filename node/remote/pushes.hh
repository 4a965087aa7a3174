// SPDX-License-Identifier: Apache-2.0
// node/remote/pushes.hh -- asks another node to prefetch (obj_push()), or to bring an object back
// from its storage, and does so when asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/object_id.hh"
#include "base/result.hh"
#include "fabric/message_transport.hh"

namespace obj {

// Connections to other nodes stay once they were dialled. A push that is not answered in time, or
// whose connection ends first, fails; the target may prefetch nevertheless.
//
// Lifetime: `transport` must outlive it and call it as its handler.
// Threads:  the reactor thread.
// Limits:   kInFlightMax pushes at once.
class Pushes : public MessageHandler {
 public:
  static constexpr size_t kInFlightMax = 4096;

  struct Events {
    // Another node asks. False: it cannot be done now.
    std::function<bool(const ObjectId& id)> on_asked;
    // Another node wants to read what is in storage here.
    std::function<void(const ObjectId& id)> on_restore_asked;
    // The end of a push().
    std::function<void(uint64_t tag, const Result<void>& result, const std::string& why)> on_pushed;
  };

  Pushes(MessageTransport& transport, Events events)
      : transport_(transport), events_(std::move(events)) {}

  // The node's address is known. kLimit.
  Result<void> push(const ObjectId& id, const std::string& address, uint64_t tag,
                    uint64_t deadline_ns);

  // Asks the node at that address to bring the object back. Whether it does, the directory tells.
  void ask_restore(const ObjectId& id, const std::string& address);

  // Tells what has ended.
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  void on_peer_up(PeerId, bool) override {}
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId peer, const Error& why) override;

 private:
  struct Pending {
    uint64_t tag;
    PeerId peer;
    uint64_t deadline_ns;
  };
  struct Ended {
    uint64_t tag;
    Result<void> result;
    std::string why;
  };

  std::optional<PeerId> peer_at(const std::string& address);
  void end(uint64_t cookie, const Result<void>& result, std::string why);

  MessageTransport& transport_;
  Events events_;
  uint64_t last_cookie_ = 0;
  std::map<uint64_t, Pending> pending_;  // by cookie, so by age
  std::unordered_map<std::string, PeerId> peers_;
  std::deque<Ended> ended_;
};

}  // namespace obj
