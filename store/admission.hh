// SPDX-License-Identifier: Apache-2.0
// store/admission.hh -- creates that lack memory wait here, in order, until room or their deadline.
//
// Pure: the clock is passed in, and nothing polls: retry() is called when memory may have come
// back.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "store/object_store.hh"

namespace obj {

// The caller's name for one create.
struct CreateTicket {
  SessionId session;
  uint32_t tag;

  friend bool operator==(const CreateTicket&, const CreateTicket&) = default;
};

struct CreateOutcome {
  CreateTicket ticket;
  Result<Placement> result;
};

// Strictly first come first served: a create that would fit still waits behind one that does not,
// so that a large one cannot starve. Exceptions: one that fails for another reason than memory
// (exists, too large) is answered at once; and what is brought back from storage (kSpillSession)
// goes before creates, which may wait for what its readers hold. It takes nothing from them for
// long: it is clean, so it can leave again as soon as nobody reads it.
//
// One call evicts a bounded number of objects, so that others are served meanwhile: a create that
// needs the memory of a million small objects waits at the front while they go, a part at each
// retry(), whatever its deadline.
//
// Lifetime: the store must outlive it.  Threads: the reactor thread.
class Admission {
 public:
  explicit Admission(ObjectStore& store) : store_(store) {}

  // The outcome if it is known at once, else nothing: it waits until `deadline_ns` (kForever: no
  // limit). A deadline that is not after now_ns never waits: kOutOfMemory.
  // REQUIRES: no waiting create has this ticket.
  std::optional<CreateOutcome> submit(const CreateSpec& spec, CreateTicket ticket, uint64_t now_ns,
                                      uint64_t deadline_ns);

  // Grants from the front what fits now, and fails what is past its deadline (kOutOfMemory).
  // Each ticket is answered exactly once. Appends to `outcomes`.
  void retry(uint64_t now_ns, std::vector<CreateOutcome>& outcomes);

  // Whether retry() has more to do at once, though no memory came back.
  bool needs_turn() const { return needs_turn_; }

  // Fails the creates that wait, restores excepted: kOutOfMemory.
  void fail_creates(std::vector<CreateOutcome>& outcomes);

  // Forgets a waiting create; false if there is none. No outcome will come.
  bool cancel(CreateTicket ticket);
  // Forgets all of a session's.
  void cancel_session(SessionId session);

  size_t waiting() const { return restores_.size() + creates_.size(); }
  // What is answered next; null if nothing waits.
  const CreateSpec* front() const;
  // The earliest deadline among those that wait, or kForever.
  uint64_t next_deadline_ns() const;

  static constexpr uint64_t kForever = UINT64_MAX;
  // Of one call: 0.6 ms at most (0.15 us each; Xeon, 2026-11).
  static constexpr uint32_t kEvictionsMax = 4096;

 private:
  struct Waiting;
  using Queue = std::list<Waiting>;
  using ByDeadline = std::multimap<uint64_t, Queue::iterator>;
  struct Waiting {
    CreateSpec spec;
    CreateTicket ticket;
    ByDeadline::iterator by_deadline;
  };
  struct TicketHash {
    size_t operator()(CreateTicket ticket) const {
      return std::hash<uint64_t>()(uint64_t{ticket.session} << 32 | ticket.tag);
    }
  };

  Queue& queue_of(const CreateSpec& spec) {
    return spec.creator == kSpillSession ? restores_ : creates_;
  }
  Queue& front_queue() { return restores_.empty() ? creates_ : restores_; }
  bool is_front(Queue::iterator waiting);
  void append(const CreateSpec& spec, CreateTicket ticket, uint64_t deadline_ns);
  Queue::iterator erase(Queue::iterator waiting);
  void fail_late(uint64_t now_ns, std::vector<CreateOutcome>& outcomes);

  ObjectStore& store_;
  // Both in order of arrival.
  Queue restores_;
  Queue creates_;
  // The same ones, so that no call walks the queue but cancel_session().
  std::unordered_map<CreateTicket, Queue::iterator, TicketHash> by_ticket_;
  ByDeadline by_deadline_;
  bool needs_turn_ = false;
};

}  // namespace obj
