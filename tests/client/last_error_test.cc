// SPDX-License-Identifier: Apache-2.0
// tests/client/last_error_test.cc -- one sentence a thread, also while the thread ends.
#include "client/last_error.hh"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace obj::client {
namespace {

TEST(LastError, returns_the_status_and_keeps_the_sentence) {
  EXPECT_EQ(fail(OBJ_ELIMIT, "%d views", 3), OBJ_ELIMIT);
  EXPECT_STREQ(last_error(), "3 views");
}

TEST(LastError, is_of_this_thread_only) {
  static_cast<void>(fail(OBJ_ELIMIT, "here"));
  std::string there;
  std::thread([&] { there = last_error(); }).join();
  EXPECT_EQ(there, "no error");
  EXPECT_STREQ(last_error(), "here");
}

TEST(LastError, cuts_what_is_too_long) {
  const std::string much(3 * kSentenceBytes, 'x');
  static_cast<void>(fail(OBJ_EINVAL, "%s", much.c_str()));
  EXPECT_EQ(std::string(last_error()).size(), size_t{kSentenceBytes} - 1);
}

// Made before the thread's first failure, so destroyed after the sentence is gone.
struct FailsAtThreadExit {
  ~FailsAtThreadExit() {
    *status = fail(OBJ_EINVAL, "late");
    *sentence = last_error();
  }
  Status* status;
  std::string* sentence;
};

TEST(LastError, may_fail_in_a_destructor_at_thread_exit) {
  Status status = OBJ_OK;
  std::string sentence;
  std::thread([&] {
    thread_local FailsAtThreadExit late{&status, &sentence};
    static_cast<void>(late.status);
    static_cast<void>(fail(OBJ_ELIMIT, "early"));
  }).join();
  EXPECT_EQ(status, OBJ_EINVAL);
  EXPECT_EQ(sentence, "no error");
}

}  // namespace
}  // namespace obj::client
