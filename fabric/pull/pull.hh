// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull.hh -- one object's pull: what to read next, and when it is whole. Pure.
//
//            granted              every chunk verified
//   Waiting ---------> Reading -----------------------------> Sealed
//      |                  |
//      | cancel, no hope  | cancel, no hope
//      v                  v            last posted read completed
//   Cancelled|Failed   Draining ----------------------------> Cancelled | Failed
//
// Draining exists because a posted read owns its destination until its completion is reported,
// whatever cancels or deadlines say: given back early, the memory would by then hold another
// object.
//
// A chunk is verified when, after its data arrived, a look at the source's slot (a separate, later
// read) shows the same generation, or when the data plane proved as much with the read itself. Then
// the bytes are from before any reuse of the source's memory. If the generation moved on, all
// chunks of that source that were not verified are missing again. See docs/pull_manager.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/clock.hh"
#include "base/object_id.hh"
#include "base/result.hh"
#include "fabric/pull/backoff.hh"
#include "fabric/pull/chunk_map.hh"
#include "fabric/pull/jitter.hh"
#include "fabric/pull/pull_failure.hh"
#include "fabric/pull/pull_options.hh"
#include "fabric/pull/pull_source.hh"
#include "fabric/pull/source.hh"

namespace obj {

// What the data plane says of a read that succeeded.
enum class ReadProof : uint8_t {
  kNone,            // the bytes arrived
  kSameGeneration,  // and all were taken while the source held that copy fast, as it told us itself
};

class Pull {
 public:
  enum class State : uint8_t { kWaiting, kReading, kDraining, kSealed, kFailed, kCancelled };

  // ---- what the driver must do now, each exactly once, in this order ---------------------------
  // Get memory for the object; answer with on_granted() or on_refused(), now or later.
  struct Reserve {};
  // Look at the source's slot; answer with on_check_done().
  struct CheckSource {
    uint32_t source;
  };
  // See to it that the completion of this read or check comes soon, in error if need be. It still
  // must come.
  struct HurryPart {
    uint32_t part;
    SourceNode node;
  };
  // Ask this node to bring the object back to its memory.
  struct AskRestore {
    SourceNode node;
  };
  // The directory's word about this source is out of date.
  struct ReportStale {
    Source source;
  };
  // Others may read this much of our copy, from its start.
  struct ShowReady {
    uint64_t ready_bytes;
  };
  // The pull has failed. The memory stays ours until Release.
  struct TellFailure {
    PullFailure failure;
  };
  // Every byte is the object's: make it visible. The last action about the memory.
  struct Seal {};
  // Give the memory back, or stop waiting for it. The last action about the memory.
  struct Release {};
  using Action = std::variant<Reserve, CheckSource, HurryPart, AskRestore, ReportStale, ShowReady,
                              TellFailure, Seal, Release>;
  using Actions = std::vector<Action>;

  // A read to post. `part` names it until its completion.
  struct Read {
    uint32_t part;
    uint64_t offset;  // in the object
    uint32_t size_bytes;
  };
  // Parts from here on are checks: kCheckPart + the source's index.
  static constexpr uint32_t kCheckPart = 1u << 31;

  // `options` must outlive the pull. `seed`: for jitter.
  Pull(const ObjectId& id, const ObjectShape& shape, const PullOptions& options, uint64_t seed);

  // ---- events; each appends to `out` what follows from it --------------------------------------
  // All present holders, also partial ones, and who could restore it. New holders are tried at
  // once.
  void on_sources(std::span<const Source> sources, std::optional<SourceNode> spilled_at,
                  uint64_t now_ns, Actions& out);
  // The node is dead. Posted reads still need their completions.
  void on_node_down(SourceNode node, uint64_t now_ns, Actions& out);
  void on_granted(uint64_t now_ns, Actions& out);
  // kOutOfMemory and kExists are asked again after a backoff; anything else is final.
  void on_refused(const Error& error, uint64_t now_ns, Actions& out);
  // REQUIRES: `part` was posted and not completed.
  void on_read_done(uint32_t part, const Result<ReadProof>& result, uint64_t now_ns, Actions& out);
  void on_check_done(uint32_t part, const Result<SlotSighting>& result, uint64_t now_ns,
                     Actions& out);
  // Nobody wants it any more. No effect on a pull that has ended or is draining.
  void cancel(Actions& out);
  // Time passed. Needed at next_deadline_ns(), harmless at any time.
  void tick(uint64_t now_ns, Actions& out);

  // ---- its turn to read ------------------------------------------------------------------------
  // The size of the next read from this source; 0: none now.
  uint32_t next_read_bytes(uint32_t source, uint64_t now_ns);
  // REQUIRES: next_read_bytes() > 0 at this instant.
  Read take_read(uint32_t source, uint64_t now_ns);
  // Of whom a posted read was asked, and how much. REQUIRES: posted and not completed.
  uint32_t source_of(uint32_t part) const { return chunks_.source(part); }
  uint32_t size_bytes_of(uint32_t part) const { return chunks_.size_bytes(part); }

  // ---- looking at it ---------------------------------------------------------------------------
  State state() const { return state_; }
  bool ended() const { return state_ >= State::kSealed; }
  // Ended, and no completion is due any more: it can be destroyed.
  bool idle() const { return ended() && parts_in_flight_ == 0; }
  const ObjectId& id() const { return id_; }
  const ObjectShape& shape() const { return shape_; }
  std::span<const PullSource> sources() const { return sources_; }
  bool has_live_source() const;
  // Who could deliver all of it, now or once it has room.
  bool has_whole_source() const;
  uint64_t in_flight_bytes() const { return chunks_.in_flight_bytes(); }
  uint64_t missing_bytes() const { return chunks_.missing_bytes(); }
  uint64_t verified_bytes() const { return chunks_.verified_bytes(); }
  uint64_t next_deadline_ns() const;

 private:
  enum class Memory : uint8_t { kNotAsked, kAsked, kGranted };

  // Sources (pull_sources.cc).
  bool merge_source(const Source& source);
  void retire_unlisted(std::span<const Source> sources);
  void add_source(const Source& source);
  void try_all_at_once();
  void distrust(PullSource& source, const Error& error, Actions& out);
  void note_failure(PullSource& source, const Error& error, uint64_t now_ns, Actions& out);
  void check_stalled(uint32_t source, uint64_t now_ns, Actions& out);
  void hurry_parts(uint32_t source, Actions& out);

  // Parts.
  void part_posted(PullSource& source, uint64_t now_ns);
  void part_done(PullSource& source, uint64_t now_ns);
  void check_failed_at(PullSource& source, const Error& error, uint64_t now_ns, Actions& out);
  void check_passed_at(PullSource& source, uint64_t ready_bytes, uint64_t now_ns, Actions& out);
  bool wants_check(const PullSource& source);
  bool wants_probe(const PullSource& source);
  void show_ready(Actions& out);

  // What follows from the state as it is: memory, checks, restore, giving up, the end.
  bool running() const { return state_ <= State::kReading; }
  void move_on(uint64_t now_ns, Actions& out);
  void ask_for_memory(uint64_t now_ns, Actions& out);
  void post_checks(uint64_t now_ns, Actions& out);
  void ask_to_restore(uint64_t now_ns, Actions& out);
  void note_progress(PullSource& source);
  void note_trouble(uint64_t now_ns);
  bool starves();
  void lose_hope(uint64_t now_ns, Actions& out);
  void finish(Actions& out);
  void fail(const PullFailure& failure, Actions& out);
  void stop(State end, Actions& out);
  void end_drained(Actions& out);

  // Fixed after construction.
  ObjectId id_;
  ObjectShape shape_;
  const PullOptions& options_;

  State state_ = State::kWaiting;
  State end_ = State::kCancelled;  // valid while Draining: how it will end
  Memory memory_ = Memory::kNotAsked;
  bool presence_checked_ = false;  // some look at a source agreed with its location
  uint32_t parts_in_flight_ = 0;   // reads and checks
  uint64_t shown_bytes_ = 0;
  ChunkMap chunks_;
  std::vector<PullSource> sources_;  // entries keep their index
  Jitter jitter_;

  std::optional<SourceNode> spilled_at_;
  Backoff restore_backoff_;
  uint64_t restore_at_ns_ = 0;
  Backoff memory_backoff_;
  uint64_t memory_at_ns_ = 0;

  // It fails at hope_until_ns_ with the last cause, unless there is progress before.
  uint64_t hope_until_ns_ = kForeverNs;
  bool forsaken_ = false;   // it had sources and none can help: the grace period runs
  bool had_whole_ = false;  // some source had all of it
  PullFailure last_cause_;
  uint64_t seen_ns_ = 0;  // the time of the last event
};

}  // namespace obj
