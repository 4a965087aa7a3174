// SPDX-License-Identifier: Apache-2.0
// directory/report_queue.hh -- a node's reports: the last state of each object, one batch in
// flight.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/object_id.hh"
#include "directory/location.hh"

namespace obj::directory {

// While a batch is in flight, further reports of an object replace the one that waits: the
// directory is told the last state of each, in one batch, however many there were between.
//
// Threads: the reactor thread.
class ReportQueue {
 public:
  // `hash_seed`: random; ids are the users' choice.
  explicit ReportQueue(uint64_t hash_seed) : waiting_of_(16, SeededHash{hash_seed}) {}

  void put(const CopyReport& report);
  size_t waiting() const { return waiting_.size(); }

  // Moves up to `count_max` of those that have waited longest to the batch in flight, after what is
  // in it. REQUIRES: the batch in flight is not yet sent.
  void take(size_t count_max);
  // Adds to the batch what is no answer to a change: an inventory's records.
  std::vector<CopyReport>& batch() { return in_flight_; }
  std::span<const CopyReport> in_flight() const { return in_flight_; }

  // The directory has the batch.
  void acknowledge() { in_flight_.clear(); }
  // It is told in another way: what waits, or that and the batch.
  void forget_waiting();
  void forget_all();

 private:
  struct SeededHash {
    uint64_t seed;
    size_t operator()(const ObjectId& id) const { return hash(id, seed); }
  };

  std::deque<CopyReport> waiting_;
  uint64_t first_ordinal_ = 0;                                     // of waiting_.front()
  std::unordered_map<ObjectId, uint64_t, SeededHash> waiting_of_;  // id to ordinal
  std::vector<CopyReport> in_flight_;
};

}  // namespace obj::directory
