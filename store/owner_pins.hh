// SPDX-License-Identifier: Apache-2.0
// store/owner_pins.hh -- which named owners keep which objects in memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hh"
#include "store/ledger.hh"

namespace obj {

// Names outlive sessions: a pin stays until it is taken off or its object is removed.
//
// Limits: kOwnersMax names at a time, kOwnersPerObjectMax of them on one object.
class OwnerPins {
 public:
  static constexpr size_t kOwnersMax = 65536;
  static constexpr size_t kOwnersPerObjectMax = 64;
  static constexpr size_t kOwnerBytesMax = 31;

  // The owner keeps the object in `slot`, `bytes` long; once, however often it is called.
  // kLimit.  REQUIRES: owner is 1..kOwnerBytesMax bytes.
  Result<void> add(uint32_t slot, uint64_t bytes, std::string_view owner);
  // kNotOwner if the owner does not keep it.
  Result<void> remove(uint32_t slot, uint64_t bytes, std::string_view owner);
  // Takes all pins off an object.
  void remove_all(uint32_t slot, uint64_t bytes);

  // How many owners keep it.
  uint32_t count(uint32_t slot) const;
  // Each owner and what it keeps.
  const std::map<std::string, Holding, std::less<>>& holdings() const { return holdings_; }

 private:
  using Owner = std::map<std::string, Holding, std::less<>>::iterator;

  void take_off(Owner owner, uint64_t bytes);

  std::map<std::string, Holding, std::less<>> holdings_;      // none is empty
  std::unordered_map<uint32_t, std::vector<Owner>> by_slot_;  // none is empty
};

}  // namespace obj
