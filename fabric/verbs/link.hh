// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/link.hh -- what a reader keeps of one owner: the connection for messages, the lanes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fabric/message_transport.hh"
#include "fabric/pull/backoff.hh"
#include "fabric/verbs/adapter.hh"
#include "fabric/verbs/lane_state.hh"
#include "fabric/verbs/operations.hh"
#include "fabric/verbs/path_state.hh"
#include "fabric/verbs/read_window.hh"

namespace obj::verbs {

// One queue pair, or the place of one.
struct Lane {
  Lane(Link& link_, uint8_t index_, uint8_t rail_, uint32_t candidates, const LaneTimes& times)
      : link(link_), index(index_), rail(rail_), state(candidates, times) {}

  Link& link;
  const uint8_t index;
  const uint8_t rail;
  LaneState state;
  // While there is one; the window is of this queue pair alone, and `serial` in its tags.
  std::unique_ptr<ReadingQueue> queue{};
  std::optional<ReadWindow> window{};
  uint32_t serial = 0;
  uint32_t offer_number = 0;                   // of the offer that is to be answered
  std::shared_ptr<const NodeMemory> memory{};  // the owner's, as told in the answer
  bool is_dirty = false;                       // listed for posting
  std::string tried{};  // candidates in vain, since it was last up, for people
};

// Messages:  Down -- its time has come --> Dialling -- the right node is up --> Up -- lost --> Down
struct Link {
  enum class State : uint8_t { kDown, kDialling, kUp };

  Link(SourceNode node_, Backoff backoff_) : node(node_), backoff(backoff_) {}

  const SourceNode node;
  std::string address{};
  State state = State::kDown;
  PeerId peer = 0;           // unless down
  uint64_t deadline_ns = 0;  // down: the next attempt; dialling: the end of this one
  Backoff backoff;
  bool is_forgotten = false;

  uint32_t offer_number = 0;  // of the last one
  TableShape table{};         // as the owner told in its last answer
  std::vector<std::unique_ptr<Lane>> lanes{};
  size_t operations = 0;                 // of its posters, not complete
  std::deque<OperationIndex> waiting{};  // for the first lane to be up

  std::string trouble{};    // why it is not up; empty while it is
  bool is_told_up = false;  // what the log said last
  bool is_told_down = false;

  bool has_lane_up() const {
    for (const auto& lane : lanes) {
      if (lane->state.is_up()) return true;
    }
    return false;
  }
  // For who could go another way: a path that failed is down until it is up again. Trying it once
  // more is no reason to wait for it.
  PathState path_state() const {
    if (has_lane_up()) return PathState::kUp;
    return is_undecided() && trouble.empty() ? PathState::kConnecting : PathState::kDown;
  }
  // It may be up soon.
  bool is_undecided() const {
    if (state == State::kDialling) return true;
    if (state == State::kDown) return trouble.empty();  // not tried yet
    for (const auto& lane : lanes) {
      if (lane->state.is_undecided()) return true;
    }
    return false;
  }
};

}  // namespace obj::verbs
