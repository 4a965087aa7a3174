// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/pending_reads.hh -- reads and checks of one connection that are not complete. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.hh"
#include "fabric/read_transport.hh"

namespace obj::ucx {

struct PendingRead {
  enum class State : uint8_t { kUnsent, kSent, kReceiving };  // kReceiving: UCX has the destination

  ReadCookie cookie = 0;
  std::byte* destination = nullptr;
  uint32_t size_bytes = 0;  // 0: a check
  State state = State::kUnsent;

  bool is_check() const { return size_bytes == 0; }
};

// The numbers that it gives out are input when they come back: of another use of the same place
// they are not found.
// Limits: kPendingMax at a time.
class PendingReads {
 public:
  static constexpr uint32_t kIndexBits = 20;
  static constexpr uint32_t kPendingMax = 1u << kIndexBits;

  bool is_full() const { return count_ == kPendingMax; }
  bool empty() const { return count_ == 0; }

  // REQUIRES: !is_full().
  uint32_t add(const PendingRead& read) {
    uint32_t index = static_cast<uint32_t>(places_.size());
    if (free_.empty()) {
      OBJ_CHECK(!is_full());
      places_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Place& place = places_[index];
    place.read = read;
    place.is_used = true;
    count_++;
    return place.turn << kIndexBits | index;
  }

  // Null: no such read. Valid until the next add().
  PendingRead* find(uint32_t number) {
    const uint32_t index = number & (kPendingMax - 1);
    if (index >= places_.size()) return nullptr;
    Place& place = places_[index];
    return place.is_used && place.turn == number >> kIndexBits ? &place.read : nullptr;
  }

  // REQUIRES: find(number).
  PendingRead remove(uint32_t number) {
    OBJ_CHECK(find(number) != nullptr);
    const uint32_t index = number & (kPendingMax - 1);
    Place& place = places_[index];
    place.is_used = false;
    place.turn = (place.turn + 1) & (UINT32_MAX >> kIndexBits);
    free_.push_back(index);
    count_--;
    return place.read;
  }

  // All of them, with their numbers; none is left.
  std::vector<std::pair<uint32_t, PendingRead>> take_all() {
    std::vector<std::pair<uint32_t, PendingRead>> all;
    all.reserve(count_);
    for (uint32_t index = 0; index < places_.size(); index++) {
      if (!places_[index].is_used) continue;
      const uint32_t number = places_[index].turn << kIndexBits | index;
      all.emplace_back(number, remove(number));
    }
    return all;
  }

 private:
  struct Place {
    PendingRead read;
    uint32_t turn = 0;
    bool is_used = false;
  };

  std::vector<Place> places_;
  std::vector<uint32_t> free_;
  uint32_t count_ = 0;
};

}  // namespace obj::ucx
