// SPDX-License-Identifier: Apache-2.0
// base/memory_barrier.hh -- order between plain loads, or plain stores, and those that follow.
//
// For data that are no atomics: the bytes of objects, which other processes read while they may be
// overwritten, and look at the generation afterwards. Fences of the language say nothing about
// non-temporal stores, and ThreadSanitizer does not understand them. See
// docs/decisions/0035-barriers-for-plain-bytes.md.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif !defined(__aarch64__)
#include <atomic>
#endif

namespace obj {

// Loads before it are done before loads after it. Pairs with store_barrier().
inline void load_barrier() {
#if defined(__x86_64__)
  // The CPU keeps loads in order by itself (Intel SDM 3A, 8.2.2): only the compiler must not move
  // them.
  asm volatile("" ::: "memory");
#elif defined(__aarch64__)
  asm volatile("dmb ishld" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// Stores before it are seen before stores after it, non-temporal ones included.
inline void store_barrier() {
#if defined(__x86_64__)
  _mm_sfence();
#elif defined(__aarch64__)
  asm volatile("dmb ishst" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

}  // namespace obj
