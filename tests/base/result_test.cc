// SPDX-License-Identifier: Apache-2.0
// Result, OBJ_TRY and Error. That a dropped Result does not compile:
// tests/meta/dropped_result_test.sh.
#include "base/result.hh"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace obj {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return std::unexpected(Error{ErrorCode::kInvalid, 0, "half"});
  return number / 2;
}

Result<std::string> quarter_text(int number) {
  OBJ_TRY(const int once, half(number));
  OBJ_TRY(const int twice, half(once));
  return std::to_string(twice);
}

TEST(Result, try_declares_the_value_when_each_step_succeeds) {
  EXPECT_EQ(quarter_text(12).value(), "3");
}

TEST(Result, try_returns_the_error_of_the_step_that_failed) {
  const Result<std::string> failed = quarter_text(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kInvalid);
  EXPECT_STREQ(failed.error().where, "half");
}

TEST(Result, try_evaluates_its_expression_once) {
  int calls = 0;
  const auto counted = [&calls]() -> Result<int> { return ++calls; };
  const auto caller = [&]() -> Result<int> {
    OBJ_TRY(const int value, counted());
    return value;
  };
  EXPECT_EQ(caller().value(), 1);
  EXPECT_EQ(calls, 1);
}

TEST(Result, try_moves_a_value_that_cannot_be_copied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto caller = [&]() -> Result<int> {
    OBJ_TRY(const std::unique_ptr<int> owner, make());
    return *owner;
  };
  EXPECT_EQ(caller().value(), 7);
}

TEST(Error, every_code_has_its_own_words) {
  std::set<std::string> words;
  constexpr int kCodes = static_cast<int>(ErrorCode::kSystem) + 1;
  for (int code = 0; code < kCodes; code++) words.insert(to_string(static_cast<ErrorCode>(code)));
  EXPECT_EQ(words.size(), static_cast<size_t>(kCodes));
  EXPECT_FALSE(words.contains("unknown error"));
}

TEST(Error, a_code_from_elsewhere_is_named_unknown) {
  EXPECT_STREQ(to_string(static_cast<ErrorCode>(999)), "unknown error");
}

}  // namespace
}  // namespace obj
