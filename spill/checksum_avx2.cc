// SPDX-License-Identifier: Apache-2.0
// spill/checksum_avx2.cc -- the hash once more, compiled with -mavx2. Includes nothing else, so
// that no inline function of the library is compiled for processors that may not be there.
#define XXH_INLINE_ALL
#define XXH_PREFETCH_DIST 2048
#include <xxhash.h>

namespace obj {

uint64_t spill_checksum_avx2(const void* bytes, size_t size_bytes, uint64_t seed);

uint64_t spill_checksum_avx2(const void* bytes, size_t size_bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, size_bytes, seed);
}

}  // namespace obj
