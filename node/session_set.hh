// SPDX-License-Identifier: Apache-2.0
// node/session_set.hh -- all sessions: who is here, what they pin, how they are answered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "node/local_service.hh"
#include "node/session.hh"
#include "store/readers.hh"
#include "store/shared/control_header.hh"

namespace obj {

// Lifetime: `control` must outlive it.  Threads: the reactor thread.
class SessionSet : public Readers, public Answers {
 public:
  explicit SessionSet(ControlHeader& control);

  // Takes a session in. REQUIRES: its id is new.
  Session& admit(std::unique_ptr<Session> session);
  SessionId next_id();

  // From now on the session is answered nothing; forget_ended() removes it. `reason` is logged,
  // once. `is_breach`: the client broke the protocol. Ending twice, or a session that is gone: no
  // effect.
  void end(SessionId session, const std::string& reason, bool is_breach);
  // Removes sessions that have ended, and appends their ids: nothing shows their pins any more.
  void forget_ended(std::vector<SessionId>& ended);
  // Those that forget_ended() will remove.
  const std::vector<SessionId>& ending() const { return ending_; }

  // The session, unless it is gone or ending.
  Session* find(SessionId session);
  const std::vector<Session*>& all() const { return polled_; }
  size_t size() const { return sessions_.size(); }

  // Publishes what complete() wrote since the last call.
  void flush();

  uint64_t opened() const { return opened_; }
  uint64_t ended() const { return ended_count_; }
  uint64_t breaches() const { return breaches_; }

  // Readers.
  void collect_pins(std::vector<HeldPin>& pins) override;
  void collect_touches(std::vector<uint32_t>& slots) override;
  void want_releases(bool wanted) override;

  // Answers.
  void complete(SessionId session, const session::Completion& completion,
                const std::string& detail) override;
  void set_pin(SessionId session, uint32_t pin_cell, ObjectRef ref) override;
  std::string describe(SessionId session) const override;
  int32_t pid(SessionId session) const override;

 private:
  struct Member {
    std::unique_ptr<Session> session;
    bool is_ending = false;
    bool is_dirty = false;  // has completions to publish
  };

  ControlHeader& control_;
  std::unordered_map<SessionId, Member> sessions_;
  std::vector<Session*> polled_;  // those that are not ending
  std::vector<SessionId> dirty_;  // may name sessions that are gone
  std::vector<SessionId> ending_;
  SessionId last_id_ = 0;
  uint64_t opened_ = 0;
  uint64_t ended_count_ = 0;
  uint64_t breaches_ = 0;
};

}  // namespace obj
