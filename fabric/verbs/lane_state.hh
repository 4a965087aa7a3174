// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/lane_state.hh -- how far one queue pair to an owner has come. Pure.
//
//            offer sent          owner connected         probe brought the right bytes
//     Idle -------------> Offered ---------> Probing --------------------------> Up
//      ^ |                   | refused, late    | error, late                     |
//      | '-------------------+------------------+                                 | error
//      |  a GID is left to try: at once         | none is left                    v
//      '----------------------------------------'------------------> Broken <-----'
//      '------------------------- its time has come ---------------- '
//
// A port may have several GIDs, and which of them lead to the owner only a probe tells: each is
// tried, best first, before the lane is called broken. The one that worked is kept.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.hh"
#include "base/clock.hh"
#include "fabric/pull/backoff.hh"
#include "fabric/pull/jitter.hh"

namespace obj::verbs {

struct LaneTimes {
  uint64_t connect_ns = 2'000'000'000;  // from the offer to the probe's bytes
  uint64_t retry_least_ns = 50'000'000;
  uint64_t retry_most_ns = 10'000'000'000;
};

class LaneState {
 public:
  enum class State : uint8_t { kIdle, kOffered, kProbing, kUp, kBroken };

  // REQUIRES: candidates > 0: the GIDs that its port has.
  LaneState(uint32_t candidates, const LaneTimes& times)
      : candidates_(candidates),
        times_(times),
        backoff_(times.retry_least_ns, times.retry_most_ns) {
    OBJ_CHECK(candidates > 0);
  }

  State state() const { return state_; }
  uint32_t candidate() const { return candidate_; }
  bool is_up() const { return state_ == State::kUp; }
  // It may come up soon: whoever waits for it should wait on.
  bool is_undecided() const { return !is_up() && state_ != State::kBroken; }
  bool wants_offer() const { return state_ == State::kIdle; }

  // ---- events ----------------------------------------------------------------------------------
  // REQUIRES: wants_offer().
  void on_offered(uint64_t now_ns) {
    OBJ_CHECK(state_ == State::kIdle);
    state_ = State::kOffered;
    deadline_ns_ = now_ns + times_.connect_ns;
  }
  // REQUIRES: kOffered.
  void on_connected() {
    OBJ_CHECK(state_ == State::kOffered);
    state_ = State::kProbing;
  }
  // REQUIRES: kProbing.
  void on_probed() {
    OBJ_CHECK(state_ == State::kProbing);
    state_ = State::kUp;
    tried_ = 0;
    deadline_ns_ = kForeverNs;
  }
  // A read came through: only this makes the next failure a first one.
  void on_progress() { backoff_.reset(); }
  // REQUIRES: not kBroken.
  void on_failed(uint64_t now_ns, Jitter& jitter) {
    OBJ_CHECK(state_ != State::kBroken);
    if (state_ != State::kUp && state_ != State::kIdle) {
      candidate_ = (candidate_ + 1) % candidates_;
      if (++tried_ < candidates_) {
        state_ = State::kIdle;
        return;
      }
    }
    tried_ = 0;
    state_ = State::kBroken;
    deadline_ns_ = now_ns + backoff_.next(jitter);
  }
  // A new connection for messages: whatever was agreed on over the old one is void.
  void start_over() {
    state_ = State::kIdle;
    tried_ = 0;
    deadline_ns_ = kForeverNs;
  }
  // Somebody wants it: do not stay broken for longer than until then.
  void hasten(uint64_t at_ns) {
    if (state_ == State::kBroken) deadline_ns_ = std::min(deadline_ns_, at_ns);
  }
  // Time passed. True: it is overdue, so on_failed() is due.
  bool tick(uint64_t now_ns) {
    if (now_ns < next_ns()) return false;
    if (state_ == State::kBroken) {
      state_ = State::kIdle;
      return false;
    }
    return true;
  }
  uint64_t next_ns() const { return state_ == State::kIdle ? kForeverNs : deadline_ns_; }

 private:
  uint32_t candidates_;
  LaneTimes times_;
  Backoff backoff_;
  State state_ = State::kIdle;
  uint32_t candidate_ = 0;
  uint32_t tried_ = 0;  // candidates, since it was last up or broken
  uint64_t deadline_ns_ = kForeverNs;
};

}  // namespace obj::verbs
