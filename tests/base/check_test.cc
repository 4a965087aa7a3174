// SPDX-License-Identifier: Apache-2.0
// OBJ_CHECK aborts in every build type, and evaluates its condition exactly once.
#include "base/check.hh"

#include <gtest/gtest.h>

namespace obj {
namespace {

TEST(Check, passes_and_evaluates_its_condition_once) {
  int evaluated = 0;
  OBJ_CHECK(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(CheckDeathTest, aborts_naming_the_condition) {
  const int answer = 41;
  EXPECT_DEATH(OBJ_CHECK(answer == 42), "check_test.cc:[0-9]+: CHECK failed: answer == 42");
}

}  // namespace
}  // namespace obj
