// SPDX-License-Identifier: Apache-2.0
#include "base/line_copy.hh"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace obj {
namespace {

#if defined(__x86_64__)

__attribute__((target("avx512f"))) void copy_lines_avx512(std::byte* destination,
                                                          const std::byte* source, size_t lines) {
  for (; lines > 0; lines--, destination += kCacheLineBytes, source += kCacheLineBytes) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(destination), _mm512_loadu_si512(source));
  }
}

__attribute__((target("avx2"))) void copy_lines_avx2(std::byte* destination,
                                                     const std::byte* source, size_t lines) {
  for (; lines > 0; lines--, destination += kCacheLineBytes, source += kCacheLineBytes) {
    auto* const to = reinterpret_cast<__m256i*>(destination);
    const auto* const from = reinterpret_cast<const __m256i*>(source);
    const __m256i first = _mm256_loadu_si256(from);
    const __m256i second = _mm256_loadu_si256(from + 1);
    _mm256_stream_si256(to, first);
    _mm256_stream_si256(to + 1, second);
  }
}

void copy_lines_sse2(std::byte* destination, const std::byte* source, size_t lines) {
  for (; lines > 0; lines--, destination += kCacheLineBytes, source += kCacheLineBytes) {
    auto* const to = reinterpret_cast<__m128i*>(destination);
    const auto* const from = reinterpret_cast<const __m128i*>(source);
    for (int i = 0; i < 4; i++) _mm_stream_si128(to + i, _mm_loadu_si128(from + i));
  }
}

#else

void copy_lines_plain(std::byte* destination, const std::byte* source, size_t lines) {
  std::memcpy(destination, source, lines * kCacheLineBytes);
}

#endif

}  // namespace

void publish_line_copies() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

std::span<const LineCopy> line_copies() {
#if defined(__x86_64__)
  static const std::array copies{
      LineCopy{"sse2", true, copy_lines_sse2},
      LineCopy{"avx2", __builtin_cpu_supports("avx2") != 0, copy_lines_avx2},
      LineCopy{"avx512", __builtin_cpu_supports("avx512f") != 0, copy_lines_avx512}};
#else
  static const std::array copies{LineCopy{"plain", true, copy_lines_plain}};
#endif
  return copies;
}

}  // namespace obj
