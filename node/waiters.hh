// SPDX-License-Identifier: Apache-2.0
// node/waiters.hh -- who waits for which object to be sealed here, and until when.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hh"
#include "base/object_id.hh"
#include "store/object_ref.hh"

namespace obj {

// One request that waits.
struct Waiter {
  SessionId session;
  uint32_t tag;
  ObjectId id;
  uint64_t deadline_ns;
  std::optional<uint32_t> pin_cell;  // a get: pin there when it comes; nothing: a wait
};

// Pure. Each waiter added leaves by exactly one of take_sealed(), take_expired(), cancel() and
// cancel_session().
//
// Threads: the reactor thread. Limits: the sessions' requests_max bound the number.
class Waiters {
 public:
  // REQUIRES: no waiter of this session has this tag.
  void add(const Waiter& waiter);

  // Removes and appends to `out` those who wait for `id`, in the order in which they came.
  void take_sealed(const ObjectId& id, std::vector<Waiter>& out);

  // Removes and appends to `out` those whose deadline is not after now_ns, earliest first.
  void take_expired(uint64_t now_ns, std::vector<Waiter>& out);

  // Removes one. Nothing if it does not wait.
  std::optional<Waiter> cancel(SessionId session, uint32_t tag);
  void cancel_session(SessionId session);

  uint64_t next_deadline_ns() const;
  size_t size() const { return size_; }
  size_t size(SessionId session) const;

 private:
  struct Record {
    Waiter waiter;
    uint64_t order;  // of arrival; unique
  };
  using OfSession = std::unordered_map<uint32_t, Record>;  // by tag; nodes do not move

  void erase(const Record& record);

  // Every step is O(log n): one client may have 65,536 waiters on one id with one deadline.
  std::unordered_map<SessionId, OfSession> by_session_;
  std::unordered_map<ObjectId, std::map<uint64_t, const Record*>, ObjectIdHash> by_id_;
  std::map<std::pair<uint64_t, uint64_t>, const Record*> by_deadline_;  // those that have one
  uint64_t next_order_ = 0;
  size_t size_ = 0;
};

}  // namespace obj
