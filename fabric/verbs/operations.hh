// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/operations.hh -- the reads, checks and probes that are not complete. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.hh"
#include "fabric/read_transport.hh"
#include "fabric/verbs/read_window.hh"

namespace obj::verbs {

struct Lane;
struct Link;

struct Operation {
  enum class Kind : uint8_t { kRead, kCheck, kProbe };

  Kind kind = Kind::kRead;
  ReadOrder order;        // of a check: without size and destination; of a probe: unused
  Link* link = nullptr;   // whom it is asked of
  Lane* lane = nullptr;   // null: it waits for a lane
  uint32_t cell = 0;      // where a check's or probe's line goes, once it has a lane
  uint64_t hurry_ns = 0;  // it must end by then; 0: no hurry
};

// Limits: none of its own; what is posted is bounded by the poster.
class Operations {
 public:
  OperationIndex add(const Operation& operation) {
    if (free_.empty()) {
      places_.push_back({operation, true});
      return static_cast<OperationIndex>(places_.size() - 1);
    }
    const OperationIndex index = free_.back();
    free_.pop_back();
    places_[index] = {operation, true};
    return index;
  }

  // REQUIRES: added and not removed. Valid until the next add().
  Operation& at(OperationIndex index) {
    OBJ_CHECK(index < places_.size() && places_[index].is_used);
    return places_[index].operation;
  }
  Operation remove(OperationIndex index) {
    const Operation operation = at(index);
    places_[index].is_used = false;
    free_.push_back(index);
    return operation;
  }
  size_t size() const { return places_.size() - free_.size(); }

 private:
  struct Place {
    Operation operation;
    bool is_used = false;
  };
  std::vector<Place> places_;
  std::vector<OperationIndex> free_;
};

}  // namespace obj::verbs
