// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/registration.hh -- memory that a device may reach, in pieces registered side by
// side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "fabric/verbs/handles.hh"
#include "fabric/verbs/memory_layout.hh"

namespace obj::verbs {

// Registering pins pages: 500 GB took others 49 s in one thread and 12 s in many.
inline constexpr uint64_t kPieceLeastBytes = uint64_t{1} << 30;

class Registration {
 public:
  // `access`: IBV_ACCESS_ flags. `piece_bytes_max`: what the device takes; smaller in tests.
  // kOutOfMemory (the limit of locked memory, mostly) or kSystem; then nothing stays registered.
  // REQUIRES: `memory` is not empty and starts on a page; it and `domain` outlive the result.
  static Result<Registration> create(ibv_pd& domain, std::span<std::byte> memory, int access,
                                     uint64_t piece_bytes_max);

  // As others read it.
  MemoryLayout layout() const;
  bool holds(const std::byte* address) const {
    return address >= memory_.data() && address < memory_.data() + memory_.size();
  }
  // REQUIRES: holds(address).
  uint32_t local_key(const std::byte* address) const {
    return pieces_[static_cast<uint64_t>(address - memory_.data()) / piece_bytes_]->lkey;
  }

 private:
  Registration(std::span<std::byte> memory, uint64_t piece_bytes)
      : memory_(memory), piece_bytes_(piece_bytes) {}

  std::span<std::byte> memory_;
  uint64_t piece_bytes_;
  std::vector<RegionHandle> pieces_;
};

}  // namespace obj::verbs
