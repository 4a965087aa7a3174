// SPDX-License-Identifier: Apache-2.0
// client/progress.hh -- how the threads of a client get their operations done without a thread of
// the library's own.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "client/arena_writer.hh"
#include "client/daemon_line.hh"
#include "client/daemon_watch.hh"
#include "client/exchange.hh"
#include "client/followers.hh"
#include "client/fork_guard.hh"
#include "client/last_error.hh"
#include "client/local_reader.hh"
#include "client/operation.hh"
#include "client/operation_slab.hh"
#include "client/waiter.hh"

namespace obj::client {

// Of the threads that wait, one leads: it polls and sleeps for all, and hands completions to those
// whose operations they end. The others follow: each sleeps on its own condition. A leader that has
// what it wants hands over to a follower.
//
// When the daemon is gone, or talks nonsense, every operation ends as disconnected at once.
//
// Lifetime: everything given must outlive it.
// Threads:  any; not in a forked child. One lock guards all; the pin pool's lock may be taken
// inside.
class Progress {
 public:
  struct Timing {
    uint64_t spin_ns;   // polled this long before a sleep
    uint64_t grace_ns;  // how long past its deadline the daemon may answer before a caller gives up
  };

  Progress(Exchange& exchange, LocalReader& reader, ArenaWriter& writer, Liveness& liveness,
           DaemonLine line, Timing timing);

  struct Admitted {
    obj_request* operation;
    std::span<std::byte> staging;  // where to lay a put's bytes before post(); empty: nowhere
  };

  // A new operation that holds a tag. Waits for one until `deadline_ns`; 0: does not wait.
  // OBJ_ELIMIT if there was none, OBJ_EDISCONNECTED, OBJ_ENOMEM.
  OrStatus<Admitted> admit(const Order& order, uint64_t deadline_ns);
  // The same for all of `orders`, or for none of them: threads that each had some of what they need
  // would wait for each other. None may be a put. REQUIRES: operations.size() == orders.size().
  OrStatus<void> admit_all(std::span<const Order> orders, std::span<Operation*> operations,
                           uint64_t deadline_ns);
  // A new operation that is Done already and succeeded.
  OrStatus<obj_request*> admit_done(const Order& order);

  // Sends its first request; at once, or with the next publish(). `waiter` may be null.
  enum class Send : uint8_t { kNow, kLater };
  void post(Operation& operation, Waiter* waiter, Send send);
  void publish();

  // Until the waiter is satisfied, copying the bytes of its granted puts meanwhile; false if the
  // deadline came first. The daemon's death ends it, with every operation Done.
  bool wait(Waiter& waiter, uint64_t deadline_ns);

  // For operations that were started asynchronously.
  enum class Standing : uint8_t { kDone, kPending, kStale };  // kStale: collected before
  // Moves things along without waiting.
  Standing test(Operation& operation);
  // Until all are Done or the deadline; null entries are skipped. kStale: at least one is.
  Standing wait_all(std::span<obj_request* const> operations, uint64_t deadline_ns);
  bool is_done(const Operation& operation);
  // Asks it to end early.
  void cancel(Operation& operation);

  // Gives an operation back. REQUIRES: Done, and its result was used.
  void recycle(Operation& operation);
  // Leaves it to itself: its tag, staging block and pin cell stay taken until its completion comes,
  // and the user's memory is not touched any more. False if it is Done after all: then use its
  // result.
  [[nodiscard]] bool abandon(Operation& operation);

  // The end of the session, discovered elsewhere.
  void end();

  uint64_t grace_ns() const { return timing_.grace_ns; }

 private:
  using Lock = std::unique_lock<std::mutex>;

  enum class Tags : uint8_t { kThere, kNone, kDisconnected };
  Tags look_for_tags(uint32_t count);
  OrStatus<void> wait_for_tags(Lock& lock, uint32_t count, uint64_t deadline_ns);
  void take_turn(Lock& lock, Waiter& waiter, uint64_t deadline_ns);
  void lead(Lock& lock, uint64_t deadline_ns);
  void hand_over();

  void absorb();
  void account_for_changed();
  void account_for(Operation& operation);
  void dispose(Operation& operation);
  bool copy_granted(Lock& lock, Waiter& waiter);
  void carry(Lock& lock, Operation& operation);
  void check(const Result<void>& result);
  void die();

  // Fixed after construction.
  Exchange& exchange_;
  LocalReader& reader_;
  ArenaWriter& writer_;
  Liveness& liveness_;
  const DaemonLine line_;
  const Timing timing_;

  std::mutex mutex_;
  // Guarded by mutex_; of exchange_, completions_waiting() is the leader's.
  OperationSlab slab_;
  std::vector<Operation*> changed_;
  Followers followers_;
  bool is_led_ = false;
  bool is_dead_ = false;
  uint32_t fruitless_tests_ = 0;

  DaemonWatch watch_;  // the leader's
};

}  // namespace obj::client
