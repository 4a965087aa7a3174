// SPDX-License-Identifier: Apache-2.0
#include "client/last_error.hh"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace obj::client {
namespace {

// On the heap: thread-local storage of a library that may be loaded by dlopen() is scarce.
constinit thread_local char* sentence = nullptr;
constinit thread_local bool thread_is_ending = false;

struct FreeAtThreadExit {
  ~FreeAtThreadExit() {
    thread_is_ending = true;  // a later destructor of this thread may still fail
    std::free(sentence);
    sentence = nullptr;
  }
  void arm() {}
};
thread_local FreeAtThreadExit free_at_thread_exit;

char* own_sentence() {
  if (sentence == nullptr && !thread_is_ending) {
    free_at_thread_exit.arm();
    sentence = static_cast<char*>(std::malloc(kSentenceBytes));
  }
  return sentence;
}

}  // namespace

Status fail(Status status, const char* format, ...) {
  char* const text = own_sentence();
  if (text == nullptr) return status;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, kSentenceBytes, format, arguments);
  va_end(arguments);
  return status;
}

const char* last_error() { return sentence != nullptr ? sentence : "no error"; }

}  // namespace obj::client
