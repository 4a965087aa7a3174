// SPDX-License-Identifier: Apache-2.0
// directory/directory_state.hh -- the directory: commands in, answers and events out. Pure.
//
// Deterministic: the same commands with the same clock and seed give the same answers and events.
// What it promises and why: docs/directory.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "directory/directory_listener.hh"
#include "directory/holdings.hh"
#include "directory/location.hh"
#include "directory/location_answer.hh"
#include "directory/node_registry.hh"

namespace obj::directory {

struct DirectoryOptions {
  uint32_t lease_ms = 1000;
  // After the start, unknown ids are answered "retry" for this long: nodes must find the way back.
  uint32_t rebuild_grace_ms = 3000;
  // A node whose inventory makes no progress for so long is as good as dead.
  uint32_t inventory_stall_ms = 10'000;
  uint32_t nodes_max = 16'384;
  uint32_t objects_max = ObjectMap::kRecordsMax;
  uint32_t subscriptions_per_peer_max = 1u << 17;
};

// What a node learns when it registers.
struct Registration {
  uint64_t applied_sequence;  // its last report that counts
  bool inventory_needed;      // begin_inventory() must come before any report
};

// What a batch of reports led to, summed over its slices.
struct ReportOutcome {
  uint32_t refused = 0;
  std::vector<ObjectId> conflicts;  // kept, but another put of the id is the object
};

struct DirectoryCounts {
  uint32_t nodes_alive;
  uint32_t objects;  // and ids that are only subscribed to
  uint32_t subscriptions;
  uint64_t retired_copies;  // that wait for the sweep
  uint64_t bytes;           // of memory for objects, copies and subscriptions
  bool rebuilding;
};

// Errors of commands mean that the peer broke the protocol or is out of date: hang up on it.
//
// Lifetime: `listener` must outlive it.  Threads: the reactor thread.
class DirectoryState {
 public:
  // `seed`: random and secret.
  DirectoryState(const DirectoryOptions& options, uint64_t seed, uint64_t now_ns,
                 DirectoryListener& listener);

  // Time passes; commands happen at the last time told. Ends leases. Call it at least every
  // lease_ms / 4: a gap of half a lease means that we stood still, and all leases are extended by
  // it.
  void advance(uint64_t now_ns);
  // Work that was put off (copies of dead nodes, snapshots), about `work_max` records or events.
  // Returns the work done; 0: nothing is left.
  uint32_t step(uint32_t work_max);

  // ---- nodes -----------------------------------------------------------------------------------
  // kStale: a newer incarnation is registered. kLimit: too many nodes. kInvalid: this connection
  // has registered before. An earlier connection of the node is expelled.
  Result<Registration> register_node(PeerId peer, const NodeInfo& info);
  // These four: kStale: the connection's node is registered elsewhere or expired, or never was.
  Result<void> heartbeat(PeerId peer, const NodeLoad& load);
  Result<void> begin_inventory(PeerId peer, uint64_t sequence);
  Result<void> end_inventory(PeerId peer, uint64_t sequence);
  // Applies reports[from...] until about `work_max` changes were told; returns how many of
  // `reports` are done in all. Call it again with that as `from` until it is all of them;
  // `sequence` counts then. One that was applied before is done at once. kInvalid: a gap, or no
  // inventory was begun.
  Result<size_t> report(PeerId peer, uint64_t sequence, std::span<const CopyReport> reports,
                        size_t from, uint32_t work_max, ReportOutcome& outcome);

  // ---- anybody ---------------------------------------------------------------------------------
  // answers[i] for ids[i]. REQUIRES: answers.size() >= ids.size().
  void lookup(std::span<const ObjectId> ids, std::span<Answer> answers);
  // What is known comes as events before this returns. kLimit.
  Result<void> subscribe(PeerId peer, std::span<const ObjectId> ids);
  void unsubscribe(PeerId peer, std::span<const ObjectId> ids);
  // Appends, for each id, the number of its holders; they are ordered to delete it.
  void free(std::span<const ObjectId> ids, std::vector<uint32_t>& holders);
  NodeAnswer node(NodeId id) const;
  // The node with the next larger id; nothing: there is none.
  std::optional<NodeAnswer> next_node(NodeId after) const;

  // The connection is gone: its subscriptions end, its node lives on until its lease ends.
  void peer_gone(PeerId peer);

  // An id that is not known may exist all the same.
  bool rebuilding() const { return now_ns_ < grace_until_ns_ || nodes_.incomplete() > 0; }
  DirectoryCounts counts() const;

 private:
  static uint64_t to_ns(uint32_t ms) { return uint64_t{ms} * 1'000'000; }

  Result<NodeEntry*> reporting_node(PeerId peer);
  void renew(NodeEntry& node);
  void start_life(NodeEntry& node, const NodeInfo& info);
  void end_life(NodeEntry& node);
  void set_tenure_peer(NodeEntry& node);
  void expel(NodeEntry& node, const char* why);
  void note_rebuilt();
  NodeAnswer answer_of(const NodeEntry& node) const;

  // Fixed after construction.
  DirectoryOptions options_;
  uint64_t grace_until_ns_;
  DirectoryListener& listener_;

  uint64_t now_ns_;
  bool was_rebuilding_ = true;
  NodeRegistry nodes_;
  Holdings holdings_;
  std::vector<NodeEntry*> expired_;  // scratch of advance()
};

}  // namespace obj::directory
