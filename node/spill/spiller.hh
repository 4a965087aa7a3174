// SPDX-License-Identifier: Apache-2.0
// node/spill/spiller.hh -- decides which primaries are written to storage, and when.
//
//   only copy --write()--> being spilled --durable--> spilled: clean, may be evicted
//       ^                       |
//       '------- error ---------'      removed meanwhile: its record goes when the write has ended
//
// No I/O and no clock of its own: it works on the store and on the seam SpillTier. See
// docs/spill.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hh"
#include "node/elsewhere.hh"
#include "node/remote/daemon_pins.hh"
#include "node/spill/spilled_objects.hh"
#include "spill/spill_tier.hh"
#include "store/object_store.hh"

namespace obj {

struct SpillerOptions {
  double high = 0.8;                   // of the arena not clean: then spilling begins
  double low = 0.7;                    // and goes on until no more than this is
  uint64_t batch_bytes_min = 1 << 20;  // less is not worth a write that nobody waits for
  size_t batch_objects_max = 2000;     // of one round
  uint64_t in_flight_bytes_max = 256 << 20;
  uint64_t retry_ns = 1'000'000'000;  // after an error of storage
};

struct SpillCounters {
  Holding written;
  uint64_t failed_writes = 0;
  uint64_t removed_while_written = 0;
};

// Lifetime: everything passed to the constructor must outlive it.
// Threads:  the reactor thread.
// Limits:   in_flight_bytes_max, but for what was asked for by name or for a create that waits.
class Spiller {
 public:
  struct Events {
    // The put that the bytes at this place stem from, as the directory knows it.
    std::function<uint32_t(const Placement&)> origin_of;
    std::function<void(const SpilledObject&)> on_safe;  // durable now, and in memory still
    std::function<void(QuestionTag tag, const Result<void>& result)> on_answer;
    std::function<void()> on_relief;
  };

  Spiller(ObjectStore& store, DaemonPins& pins, std::span<const std::byte> arena, SpillTier& tier,
          SpilledObjects& spilled, const SpillerOptions& options, Events events);

  // Chooses and writes what is due. `waiting`: the create that waits for memory, if one does.
  void step(const CreateSpec* waiting, uint64_t now_ns);
  // When step() has something to do though nothing happened.
  uint64_t next_step_ns() const { return next_step_ns_; }

  // Asked for by name: written whoever reads it. on_answer() follows, at step() at the earliest:
  // Ok once it is durable; kNotFound, kCancelled (removed meanwhile), or what storage said.
  void request(const ObjectId& id, QuestionTag tag);
  // All that could still be lost, for a clean end. How many.
  size_t request_all();

  void on_written(SpillCookie cookie, const Result<SpillPlace>& place, uint64_t now_ns);
  // A sealed object was removed.
  void on_removed(const ObjectId& id, ObjectRef ref);

  // Storage took nothing lately, or is full, and nothing is on its way: the sentence; else empty.
  std::string why_stuck() const;

  size_t writes_in_flight() const { return writes_.size(); }
  uint64_t bytes_in_flight() const { return bytes_in_flight_; }
  const SpillCounters& counters() const { return counters_; }
  const std::string& last_error() const { return last_error_; }

 private:
  // Memory that becomes free to choose from (a view that is released) is not told.
  static constexpr uint64_t kLookEveryNs = 10'000'000;

  struct Write {
    SpillCopy copy;
    ObjectRef ref;
    uint64_t bytes = 0;
    std::vector<QuestionTag> tags;
    bool is_removed = false;
    bool is_for_create = false;
  };
  struct Answer {
    QuestionTag tag;
    Result<void> result;
  };

  uint64_t unsafe_bytes() const;
  void relieve_create(const CreateSpec& waiting, uint64_t now_ns);
  void relieve_watermark(uint64_t now_ns);
  bool may_write(uint64_t now_ns) const;
  bool may_look(uint64_t now_ns);
  void note_look(uint64_t now_ns);
  void begin(const Placement& placement, bool is_for_create);
  void begin(std::span<const Placement> placements, bool is_for_create);
  void post();
  void answer_all(const std::vector<QuestionTag>& tags, const Result<void>& result);
  void note_error(const Error& error, uint64_t now_ns);

  ObjectStore& store_;
  DaemonPins& pins_;
  std::span<const std::byte> arena_;
  SpillTier& tier_;
  SpilledObjects& spilled_;
  const SpillerOptions options_;
  const Events events_;

  std::unordered_map<SpillCookie, Write> writes_;
  std::unordered_map<ObjectId, SpillCookie, ObjectIdHash> by_id_;  // those not removed
  SpillCookie last_cookie_ = 0;
  uint64_t bytes_in_flight_ = 0;
  size_t for_creates_in_flight_ = 0;

  bool is_above_ = false;  // between the watermarks, on the way down
  uint64_t next_step_ns_ = kForeverNs;
  uint64_t look_at_ns_ = 0;                 // when choosing is worth a try again
  uint64_t failing_since_ns_ = kForeverNs;  // kForeverNs: it is not
  SpillCookie failed_up_to_ = 0;            // what began before the last failure proves nothing
  uint64_t retry_at_ns_ = 0;
  std::string last_error_;
  SpillCounters counters_;

  std::vector<WriteOrder> orders_;  // posted at the end of step()
  std::vector<Answer> answers_;     // told at the next step()
  std::vector<Placement> chosen_;   // scratch
};

}  // namespace obj
