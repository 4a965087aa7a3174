// SPDX-License-Identifier: Apache-2.0
// tests/client/support/end_forked_child.hh -- ends a child that was forked beside other threads.
#pragma once

#include <pthread.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define OBJ_TEST_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define OBJ_TEST_HAS_SANITIZER 1
#endif
#endif

namespace obj::test {

// Through the thread's destructors, which is what such a test is about. Sanitizers' own locks do
// not survive a fork beside busy threads, so there the child ends without them.
[[noreturn]] inline void end_forked_child() {
#ifdef OBJ_TEST_HAS_SANITIZER
  ::_exit(0);
#else
  ::pthread_exit(nullptr);
#endif
}

}  // namespace obj::test
