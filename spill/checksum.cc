// SPDX-License-Identifier: Apache-2.0
#include "spill/checksum.hh"

#include <xxhash.h>

namespace obj {
#if defined(__x86_64__)
// spill/checksum_avx2.cc, compiled for such processors.
uint64_t spill_checksum_avx2(const void* bytes, size_t size_bytes, uint64_t seed);
#endif

namespace {

uint64_t plain(const void* bytes, size_t size_bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, size_bytes, seed);
}

using Sum = uint64_t (*)(const void*, size_t, uint64_t);

Sum best_of_this_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return spill_checksum_avx2;
#endif
  return plain;
}

}  // namespace

uint64_t spill_checksum(std::span<const std::byte> bytes, uint64_t seed) {
  static const Sum sum = best_of_this_processor();
  return sum(bytes.data(), bytes.size(), seed);
}

uint64_t single_piece_total(std::span<const std::byte> stored) {
  const uint64_t sum = spill_checksum(stored);
  return spill_checksum(std::as_bytes(std::span(&sum, 1)));
}

}  // namespace obj
