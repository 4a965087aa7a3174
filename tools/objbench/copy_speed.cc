// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/copy_speed.hh"

#include <cstring>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/streaming_copy.hh"
#include "tools/objbench/percentiles.hh"

namespace objbench {
namespace {

// The compiler could replace a memcpy whose result is never read.
void keep(std::span<std::byte> memory) { asm volatile("" : : "r"(memory.data()) : "memory"); }

template <class Copy>
double timed(Copy copy, std::span<std::byte> destination, std::span<const std::byte> source) {
  const uint64_t started_ns = obj::monotonic_ns();
  copy(destination.data(), source.data(), source.size());
  keep(destination);
  return bytes_per_second(source.size(), obj::monotonic_ns() - started_ns);
}

}  // namespace

double bytes_per_second(size_t size_bytes, uint64_t elapsed_ns) {
  return static_cast<double>(size_bytes) / (static_cast<double>(elapsed_ns) / 1e9);
}

CopySpeed::CopySpeed(std::span<std::byte> destination, std::span<const std::byte> source)
    : destination_(destination), source_(source) {
  OBJ_CHECK(destination.size() == source.size());
  std::memset(destination_.data(), 1, destination_.size());
}

void CopySpeed::pass() {
  memcpy_speeds_.push_back(timed(
      [](void* to, const void* from, size_t size_bytes) { std::memcpy(to, from, size_bytes); },
      destination_, source_));
  streaming_speeds_.push_back(timed(obj::streaming_copy, destination_, source_));
}

double CopySpeed::memcpy_bytes_per_second() const { return median(memcpy_speeds_); }
double CopySpeed::streaming_bytes_per_second() const { return median(streaming_speeds_); }

}  // namespace objbench
