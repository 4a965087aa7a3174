// SPDX-License-Identifier: Apache-2.0
// node/spill/restorer.hh -- brings objects back from storage: each once, whoever asks how often.
//
//   asked for --> waits for memory --> is read --> sealed, clean: its record stays
//                      | deadline          | damaged, gone, disk error
//                      v                   v
//                  forgotten            its memory comes back, and who waits is told
//
// Memory comes from the admission queue, before creates. Nothing here waits for a spill but by
// waiting for memory, and no spill ever waits for a restore, so the two cannot wait for each other.
//
// No I/O and no clock of its own: it works on the store and on the seam SpillTier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.hh"
#include "node/spill/spilled_objects.hh"
#include "spill/spill_tier.hh"
#include "store/admission.hh"
#include "store/object_store.hh"

namespace obj {

struct RestorerOptions {
  // Of memory that is being read into, and so no use to anybody yet. One is always read.
  uint64_t in_flight_bytes_max = 256 << 20;
};

struct RestoreCounters {
  Holding read;
  uint64_t damaged = 0;  // records whose bytes are not what was written, or gone
  uint64_t failed_reads = 0;
};

// Lifetime: everything passed to the constructor must outlive it.
// Threads:  the reactor thread.
class Restorer {
 public:
  struct Events {
    std::function<void(const Placement&)> on_restored;
    std::function<void(const ObjectId&, const SpillPlace&, const Error&)> on_failed;
    std::function<void()> on_relief;  // memory came back, or the admission queue has a new front
  };

  Restorer(ObjectStore& store, Admission& admission, std::span<std::byte> arena, SpillTier& tier,
           SpilledObjects& spilled, const RestorerOptions& options, Events events);

  // Has the record of `id` read, unless it is in memory or being read already. Events come from
  // step() and on_restored(), never from inside. REQUIRES: it has a record.
  void want(const ObjectId& id, uint64_t deadline_ns, uint64_t now_ns);
  bool is_wanted(const ObjectId& id) const { return by_id_.contains(id); }

  // Asks for memory, posts reads in the order of their places, gives up what is late.
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  void on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns);
  void on_restored(SpillCookie cookie, const Result<void>& result);
  // The object is deleted: nobody is told of it any more. Its record may go.
  void on_removed(const ObjectId& id);

  size_t reads_in_flight() const { return reading_; }
  size_t wanted() const { return by_id_.size(); }
  const RestoreCounters& counters() const { return counters_; }

 private:
  enum class Stage : uint8_t { kQueued, kWaitsForMemory, kReading };
  struct Restore {
    SpillCopy copy;
    SpillPlace place;
    uint64_t deadline_ns = 0;
    Stage stage = Stage::kQueued;
    ObjectRef ref{};
    uint64_t bytes = 0;
    bool is_removed = false;
  };
  // Its number, which also is its ticket in the admission queue and its cookie.
  using Number = uint32_t;
  using Restores = std::unordered_map<Number, Restore>;

  void ask_for_memory(Number number, uint64_t now_ns);
  void give_up_late(uint64_t now_ns);
  void post();
  Restore end(Number number);
  void fail(Number number, const Error& error);

  ObjectStore& store_;
  Admission& admission_;
  std::span<std::byte> arena_;
  SpillTier& tier_;
  SpilledObjects& spilled_;
  const RestorerOptions options_;
  const Events events_;

  Restores restores_;
  std::unordered_map<ObjectId, Number, ObjectIdHash> by_id_;
  std::deque<Number> queue_;                     // of Stage::kQueued; some may have ended
  std::multimap<uint64_t, Number> by_deadline_;  // of all that do not read; some may have ended
  Number last_number_ = 0;
  uint64_t bytes_in_flight_ = 0;  // of memory asked for, or being read into
  size_t reading_ = 0;
  RestoreCounters counters_;

  std::vector<RestoreOrder> orders_;  // posted at the end of step()
};

}  // namespace obj
