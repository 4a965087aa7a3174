// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/pull_failure_test.cc -- a failure names what a person needs to know.
#include "fabric/pull/pull_failure.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace obj {
namespace {

using testing::HasSubstr;

TEST(PullFailure, names_the_object_the_node_and_the_cause) {
  PullFailure failure{.error = {ErrorCode::kDisconnected, 0, "the source died"}, .object = {}};
  failure.object.bytes[0] = 0xab;
  failure.node = SourceNode{17, 99};
  const std::string text = to_text(failure);
  EXPECT_THAT(text, HasSubstr(to_hex(failure.object)));
  EXPECT_THAT(text, HasSubstr("node 17"));
  EXPECT_THAT(text, HasSubstr("disconnected"));
}

TEST(PullFailure, names_the_capacity_when_something_can_never_fit) {
  const PullFailure failure{.error = {ErrorCode::kTooLarge, 0, ""},
                            .object = {},
                            .need_bytes = 5000,
                            .capacity_bytes = 4096};
  EXPECT_THAT(to_text(failure), HasSubstr("5000"));
  EXPECT_THAT(to_text(failure), HasSubstr("4096"));
}

}  // namespace
}  // namespace obj
