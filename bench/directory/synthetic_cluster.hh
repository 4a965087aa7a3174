// SPDX-License-Identifier: Apache-2.0
// bench/directory/synthetic_cluster.hh -- ids and reports of made-up nodes, and a state that knows
// them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "base/check.hh"
#include "directory/directory_state.hh"

namespace obj::directory {

class NoListener : public DirectoryListener {
 public:
  void on_change(PeerId, const LocationChange&) override { changes++; }
  void on_free(PeerId, const FreeOrder&) override {}
  void on_expelled(PeerId, const char*) override {}

  uint64_t changes = 0;
};

// Spread over all bits, as random ids are, and computed from a number.
inline ObjectId id_of(uint64_t number) {
  std::mt19937_64::result_type words[2];
  words[0] = (number + 1) * 0x9e3779b97f4a7c15;
  words[1] = (words[0] ^ words[0] >> 29) * 0xbf58476d1ce4e5b9;
  ObjectId id;
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

inline CopyReport report_of(uint64_t number, CopyState state, uint64_t generation) {
  return held(id_of(number), {.data_bytes = 4096, .metadata_bytes = 8, .origin = 1},
              {.offset = number % 1024 * 4096,
               .generation = generation,
               .slot = static_cast<uint32_t>(number),
               .state = state,
               .role = CopyRole::kPrimary});
}

// A directory with `nodes` registered nodes, peers 1...nodes.
class Cluster {
 public:
  explicit Cluster(uint32_t nodes)
      : state({.rebuild_grace_ms = 0}, 42, 0, listener), sequences_(nodes + 1) {
    for (PeerId peer = 1; peer <= nodes; peer++) {
      const NodeInfo info{.node = {peer, 1},
                          .address = "127.0.0.1:1",
                          .arena_bytes = uint64_t{1} << 40,
                          .arena_info = {}};
      OBJ_CHECK(state.register_node(peer, info).has_value());
      OBJ_CHECK(state.begin_inventory(peer, ++sequences_[peer]).has_value());
      OBJ_CHECK(state.end_inventory(peer, ++sequences_[peer]).has_value());
    }
  }

  void report(PeerId peer, std::span<const CopyReport> reports) {
    ReportOutcome outcome;
    const auto done = state.report(peer, ++sequences_[peer], reports, 0, UINT32_MAX, outcome);
    OBJ_CHECK(done.has_value() && *done == reports.size() && outcome.refused == 0);
  }

  // Objects 0...count-1, each held by one node.
  void fill(uint64_t count) {
    std::vector<CopyReport> reports(kBatch);
    for (uint64_t first = 0; first < count; first += kBatch) {
      for (uint64_t i = 0; i < kBatch; i++) {
        reports[i] = report_of(first + i, CopyState::kSealed, 1);
      }
      const auto peer = static_cast<PeerId>(first / kBatch % (sequences_.size() - 1) + 1);
      report(peer, std::span(reports).first(std::min(kBatch, count - first)));
    }
  }

  static constexpr uint64_t kBatch = 64;

  NoListener listener;
  DirectoryState state;

 private:
  std::vector<uint64_t> sequences_;  // by peer
};

}  // namespace obj::directory
