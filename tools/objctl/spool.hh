// SPDX-License-Identifier: Apache-2.0
// tools/objctl/spool.hh -- bytes of unknown number, collected in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tools/objctl/failure.hh"
#include "tools/objctl/progress.hh"

namespace objctl {

// An anonymous mapping that grows by moving its pages, not its bytes.
class Spool {
 public:
  Spool() = default;
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&&) = delete;
  ~Spool();

  // Reads `fd` to its end. More than `size_bytes_max` is OBJ_ETOOLARGE, so that an endless input
  // ends. `label` names the input.  REQUIRES: nothing was collected before.
  Outcome<void> collect(int fd, uint64_t size_bytes_max, const std::string& label,
                        Progress& progress);

  std::span<const std::byte> bytes() const { return {base_, used_bytes_}; }

 private:
  Outcome<void> grow(const std::string& label);

  std::byte* base_ = nullptr;  // mapped_bytes_ bytes; null if 0
  size_t mapped_bytes_ = 0;
  size_t used_bytes_ = 0;
};

}  // namespace objctl
