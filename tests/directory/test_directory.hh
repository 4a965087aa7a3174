// SPDX-License-Identifier: Apache-2.0
// tests/directory/test_directory.hh -- a directory's state with made-up nodes, and all that it
// told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <utility>
#include <vector>

#include "directory/directory_state.hh"

namespace obj::directory {

inline constexpr uint64_t kMs = 1'000'000;

inline ObjectId id_of(uint64_t number) {
  ObjectId id;
  for (size_t i = 0; i < 8; i++) id.bytes[i] = static_cast<uint8_t>(number >> 8 * i);
  return id;
}

inline constexpr ObjectShape kShape{.data_bytes = 4096, .metadata_bytes = 16, .origin = 77};

inline Copy copy_of(uint32_t slot, uint64_t generation, CopyState state = CopyState::kSealed,
                    CopyRole role = CopyRole::kSecondary) {
  return {.offset = uint64_t{slot} * 8192,
          .generation = generation,
          .slot = slot,
          .state = state,
          .role = role};
}

inline CopyReport sealed(uint64_t id, uint32_t slot = 1, uint64_t generation = 1,
                         const ObjectShape& shape = kShape) {
  return held(id_of(id), shape, copy_of(slot, generation));
}
inline CopyReport partial(uint64_t id, uint32_t slot = 1, uint64_t generation = 1) {
  return held(id_of(id), kShape, copy_of(slot, generation, CopyState::kPartial));
}
inline CopyReport gone(uint64_t id, uint32_t slot = 1, uint64_t generation = 1) {
  return removed(id_of(id), slot, generation);
}

struct Told {
  PeerId peer;
  LocationChange change;

  friend bool operator==(const Told&, const Told&) = default;
};
struct Ordered {
  PeerId peer;
  FreeOrder order;

  friend bool operator==(const Ordered&, const Ordered&) = default;
};

// The state, and its listener, which records.
class TestDirectory : public DirectoryListener {
 public:
  explicit TestDirectory(const DirectoryOptions& options = {.rebuild_grace_ms = 0})
      : state(options, 42, 0, *this) {}

  static NodeInfo info(NodeId node, uint64_t incarnation = 1) {
    return {.node = {node, incarnation},
            .address = "host:" + std::to_string(node),
            .arena_bytes = 1 << 30,
            .arena_info = {}};
  }

  // Registers `node` on connection `peer`; the state must accept it.
  Registration enroll(PeerId peer, NodeId node, uint64_t incarnation = 1) {
    const auto registration = state.register_node(peer, info(node, incarnation));
    EXPECT_TRUE(registration);
    sequences_[peer] = registration->applied_sequence;
    return *registration;
  }
  void begin_inventory(PeerId peer) {
    EXPECT_TRUE(state.begin_inventory(peer, ++sequences_[peer]));
  }
  void end_inventory(PeerId peer) { EXPECT_TRUE(state.end_inventory(peer, ++sequences_[peer])); }
  // A node with the number of its connection, whose inventory is `held`.
  void join(PeerId peer, std::initializer_list<CopyReport> held = {}, uint64_t incarnation = 1) {
    EXPECT_TRUE(enroll(peer, peer, incarnation).inventory_needed);
    begin_inventory(peer);
    if (held.size() > 0) report(peer, held);
    end_inventory(peer);
  }

  // The next report of that connection, in slices of `work_max`.
  ReportOutcome report(PeerId peer, const std::vector<CopyReport>& reports,
                       uint32_t work_max = UINT32_MAX) {
    const uint64_t sequence = ++sequences_[peer];
    ReportOutcome outcome;
    size_t done = 0;
    do {
      const auto progress = state.report(peer, sequence, reports, done, work_max, outcome);
      EXPECT_TRUE(progress);
      if (!progress || *progress == done) break;
      done = *progress;
    } while (done < reports.size());
    return outcome;
  }
  uint64_t last_sequence(PeerId peer) const { return sequences_.at(peer); }

  Answer lookup(uint64_t id) {
    const ObjectId wanted[] = {id_of(id)};
    Answer answers[1];
    state.lookup(wanted, answers);
    return answers[0];
  }
  // The nodes whose copies an answer shows, in order of their numbers.
  std::vector<NodeId> holders(uint64_t id) {
    std::vector<NodeId> nodes;
    for (const Location& location : lookup(id).shown()) nodes.push_back(location.node.node);
    std::sort(nodes.begin(), nodes.end());
    return nodes;
  }

  void subscribe(PeerId peer, uint64_t id) {
    const ObjectId ids[] = {id_of(id)};
    EXPECT_TRUE(state.subscribe(peer, ids));
  }
  void unsubscribe(PeerId peer, uint64_t id) {
    const ObjectId ids[] = {id_of(id)};
    state.unsubscribe(peer, ids);
  }
  uint32_t free(uint64_t id) {
    std::vector<uint32_t> counts;
    const ObjectId ids[] = {id_of(id)};
    state.free(ids, counts);
    return counts.at(0);
  }

  // All that was put off.
  void settle() {
    while (state.step(16) > 0) {
    }
  }
  // Time passes, in the steps that the state asks for; `beating` send heartbeats meanwhile.
  void wait_ms(uint64_t ms, std::initializer_list<PeerId> beating = {}) {
    for (uint64_t left = ms; left > 0;) {
      const uint64_t step = std::min<uint64_t>(left, 100);
      left -= step;
      now_ns += step * kMs;
      for (const PeerId peer : beating) EXPECT_TRUE(state.heartbeat(peer, {}));
      state.advance(now_ns);
    }
  }

  // What was told since the last call.
  std::vector<Told> take_told() { return std::exchange(told_, {}); }
  std::vector<Ordered> take_orders() { return std::exchange(orders_, {}); }
  std::vector<PeerId> take_expelled() { return std::exchange(expelled_, {}); }

  void on_change(PeerId peer, const LocationChange& change) override {
    told_.push_back({peer, change});
  }
  void on_free(PeerId peer, const FreeOrder& order) override { orders_.push_back({peer, order}); }
  void on_expelled(PeerId peer, const char*) override { expelled_.push_back(peer); }

  uint64_t now_ns = 0;
  DirectoryState state;

 private:
  std::map<PeerId, uint64_t> sequences_;
  std::vector<Told> told_;
  std::vector<Ordered> orders_;
  std::vector<PeerId> expelled_;
};

// ---- what one expects to be told; the node has the number of its connection, incarnation 1
// -----------
inline LocationChange change_of(ChangeKind kind, NodeId node, const CopyReport& report) {
  return {
      .id = report.id, .kind = kind, .shape = report.shape, .location = {{node, 1}, report.copy}};
}
inline Told added(PeerId to, NodeId node, const CopyReport& report) {
  return {to, change_of(ChangeKind::kAdded, node, report)};
}
inline Told changed(PeerId to, NodeId node, const CopyReport& report) {
  return {to, change_of(ChangeKind::kChanged, node, report)};
}
inline Told lost(PeerId to, NodeId node, const CopyReport& report) {
  return {to, change_of(ChangeKind::kRemoved, node, report)};
}
inline Told nothing(PeerId to, uint64_t id) {
  return {to, {.id = id_of(id), .first = true, .last = true, .shape = {}, .location = {}}};
}
inline Told snapshot_of_one(PeerId to, NodeId node, const CopyReport& report) {
  Told told = added(to, node, report);
  told.change.first = told.change.last = true;
  return told;
}

}  // namespace obj::directory
