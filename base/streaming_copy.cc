// SPDX-License-Identifier: Apache-2.0
#include "base/streaming_copy.hh"

#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace obj {

#if defined(__x86_64__)
namespace {

constexpr size_t kLine = 64;

// Each copies `lines` whole cache lines; the destination is 64-byte aligned, the source need not be.
using CopyLines = void (*)(std::byte* destination, const std::byte* source, size_t lines);

__attribute__((target("avx512f"))) void copy_lines_avx512(std::byte* destination,
                                                          const std::byte* source, size_t lines) {
  for (; lines > 0; lines--, destination += kLine, source += kLine) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(destination), _mm512_loadu_si512(source));
  }
  _mm_sfence();
}

__attribute__((target("avx2"))) void copy_lines_avx2(std::byte* destination,
                                                     const std::byte* source, size_t lines) {
  for (; lines > 0; lines--, destination += kLine, source += kLine) {
    auto* const to = reinterpret_cast<__m256i*>(destination);
    const auto* const from = reinterpret_cast<const __m256i*>(source);
    const __m256i first = _mm256_loadu_si256(from);
    const __m256i second = _mm256_loadu_si256(from + 1);
    _mm256_stream_si256(to, first);
    _mm256_stream_si256(to + 1, second);
  }
  _mm_sfence();
}

void copy_lines_sse2(std::byte* destination, const std::byte* source, size_t lines) {
  for (; lines > 0; lines--, destination += kLine, source += kLine) {
    auto* const to = reinterpret_cast<__m128i*>(destination);
    const auto* const from = reinterpret_cast<const __m128i*>(source);
    for (int i = 0; i < 4; i++) _mm_stream_si128(to + i, _mm_loadu_si128(from + i));
  }
  _mm_sfence();
}

CopyLines widest_copy() {
  if (__builtin_cpu_supports("avx512f")) return copy_lines_avx512;
  if (__builtin_cpu_supports("avx2")) return copy_lines_avx2;
  return copy_lines_sse2;
}

}  // namespace

void streaming_copy(void* destination, const void* source, size_t size_bytes) {
  if (size_bytes < kStreamingCopyMin) {
    std::memcpy(destination, source, size_bytes);
    return;
  }
  static const CopyLines copy_lines = widest_copy();
  auto* to = static_cast<std::byte*>(destination);
  const auto* from = static_cast<const std::byte*>(source);
  const size_t head = (kLine - reinterpret_cast<uintptr_t>(to) % kLine) % kLine;
  std::memcpy(to, from, head);
  const size_t lines = (size_bytes - head) / kLine;
  copy_lines(to + head, from + head, lines);
  const size_t copied = head + lines * kLine;
  std::memcpy(to + copied, from + copied, size_bytes - copied);
}

#else

void streaming_copy(void* destination, const void* source, size_t size_bytes) {
  std::memcpy(destination, source, size_bytes);
}

#endif

}  // namespace obj
