// SPDX-License-Identifier: Apache-2.0
// node/request_pump.hh -- takes requests from all sessions' rings to the service, in turn.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/event_source.hh"
#include "node/local_service.hh"
#include "node/session_set.hh"

namespace obj {

// Lifetime: everything passed to the constructor must outlive it.  Threads: the reactor thread.
class RequestPump : public EventSource {
 public:
  // `on_gone` is told each session that is about to be removed: who watches its bell must let go.
  RequestPump(ControlHeader& control, SessionSet& sessions, LocalService& service,
              std::function<void(SessionId)> on_gone);

  int fd() const override { return -1; }  // each session has a bell of its own
  uint32_t progress(uint32_t events_max) override;
  bool arm() override;
  void disarm() override;

 private:
  // Takes up to `events_max` requests of one session. A breach ends the session.
  uint32_t serve(Session& session, uint32_t events_max, uint64_t now_ns);
  void bury_ended();

  ControlHeader& control_;
  SessionSet& sessions_;
  LocalService& service_;
  std::function<void(SessionId)> on_gone_;
  std::vector<Session*> turn_;     // scratch: sessions may end while we go through them
  std::vector<SessionId> buried_;  // scratch
};

}  // namespace obj
