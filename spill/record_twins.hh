// SPDX-License-Identifier: Apache-2.0
// spill/record_twins.hh -- which records have a second copy, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "spill/spill_tier.hh"

namespace obj {

class RecordTwins {
 public:
  void add(const SpillPlace& first, const SpillPlace& second) { seconds_[first] = second; }
  std::optional<SpillPlace> find(const SpillPlace& first) const {
    const auto at = seconds_.find(first);
    return at == seconds_.end() ? std::nullopt : std::optional(at->second);
  }
  std::optional<SpillPlace> take(const SpillPlace& first) {
    const auto second = find(first);
    if (second) seconds_.erase(first);
    return second;
  }
  size_t count() const { return seconds_.size(); }

 private:
  struct Hash {
    size_t operator()(const SpillPlace& place) const {
      // Offsets differ in their middle bits, segments and stores in few: spread by a product.
      const uint64_t mixed = place.offset ^ place.segment << 40 ^ uint64_t { place.store } << 56;
      return static_cast<size_t>((mixed * 0x9e3779b97f4a7c15U) >> 16);
    }
  };
  std::unordered_map<SpillPlace, SpillPlace, Hash> seconds_;
};

}  // namespace obj
