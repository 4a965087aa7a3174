// SPDX-License-Identifier: Apache-2.0
#include "node/request_pump.hh"

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.hh"
#include "node/operation.hh"

namespace obj {

RequestPump::RequestPump(ControlHeader& control, SessionSet& sessions, LocalService& service,
                         std::function<void(SessionId)> on_gone)
    : control_(control), sessions_(sessions), service_(service), on_gone_(std::move(on_gone)) {}

uint32_t RequestPump::progress(uint32_t events_max) {
  const uint64_t now_ns = monotonic_ns();
  uint32_t handled = 0;
  turn_ = sessions_.all();
  for (Session* session : turn_) handled += serve(*session, events_max, now_ns);
  bury_ended();
  service_.advance(now_ns);
  sessions_.flush();
  // What was answered late may have ended a session: not to sleep before it is buried.
  return handled + static_cast<uint32_t>(sessions_.ending().size());
}

uint32_t RequestPump::serve(Session& session, uint32_t events_max, uint64_t now_ns) {
  const SessionId id = session.id();
  const auto available = session.requests_available();
  if (!available) {
    sessions_.end(id, available.error().where, true);
    return 1;
  }
  const uint32_t count = std::min(*available, events_max);
  if (count == 0 || sessions_.find(id) == nullptr) return 0;  // ended by another's request
  const Caller caller{id, session.peer().read_only, session.staging()};
  for (uint32_t i = 0; i < count; i++) {
    const auto request = session.take_request();
    if (!request) {
      sessions_.end(id, request.error().where, true);
      return i + 1;
    }
    const auto operation = decode(*request, session.layout());
    if (!operation) {
      sessions_.end(id, std::string("bad request: ") + operation.error().where, true);
      return i + 1;
    }
    service_.handle(caller, request->tag, *operation, now_ns);
    if (sessions_.find(id) == nullptr) return i + 1;  // ended on the way
  }
  session.publish_requests_taken();
  return count;
}

void RequestPump::bury_ended() {
  for (const SessionId session : sessions_.ending()) on_gone_(session);
  buried_.clear();
  sessions_.forget_ended(buried_);
  for (const SessionId session : buried_) service_.end_session(session);
}

bool RequestPump::arm() {
  // Pairs with RingProducer::publish() in the client: it publishes, then reads this flag; we set
  // the flag, then (the reactor's second drain) read the rings.
  control_.daemon_sleeps.store(1, std::memory_order_seq_cst);
  return true;
}

void RequestPump::disarm() { control_.daemon_sleeps.store(0, std::memory_order_relaxed); }

}  // namespace obj
