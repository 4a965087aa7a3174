// SPDX-License-Identifier: Apache-2.0
// tools/objbench/copy_speed.hh -- yardstick: how fast bytes can be copied into given memory at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace objbench {

// The speed of memcpy(3) and of base/streaming_copy, each a median over its passes.
//
// Lifetime: destination and source must outlive it.
class CopySpeed {
 public:
  // The destination is written once here, so that no pass meets an empty page table.
  // REQUIRES: both are equally large and do not overlap.
  CopySpeed(std::span<std::byte> destination, std::span<const std::byte> source);

  // One pass of each kind. Called between the operations that it is compared with, so that both
  // see the same disturbances.
  void pass();

  double memcpy_bytes_per_second() const;
  double streaming_bytes_per_second() const;

 private:
  std::span<std::byte> destination_;
  std::span<const std::byte> source_;
  std::vector<double> memcpy_speeds_;
  std::vector<double> streaming_speeds_;
};

// REQUIRES: elapsed_ns > 0.
double bytes_per_second(size_t size_bytes, uint64_t elapsed_ns);

}  // namespace objbench
