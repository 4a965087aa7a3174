// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/running_pulls_test.cc -- keys name one pull and no later one; timers come due.
#include "fabric/pull/running_pulls.hh"

#include <gtest/gtest.h>

#include <set>

namespace obj {
namespace {

constexpr uint64_t kMs = 1'000'000;

WantedObject object_of_one_chunk() {
  WantedObject object;
  object.record.shape = {.data_bytes = 64, .transfer_bytes = 64, .extent_bytes = 64};
  return object;
}

TEST(RunningPulls, a_key_is_not_given_to_the_next_pull_in_its_slot) {
  const PullOptions options;
  WantedObject object = object_of_one_chunk();
  RunningPulls pulls;
  std::set<PullKey> keys;
  for (int i = 0; i < 1000; i++) {
    RunningPull& running = pulls.add(object, options, 1);
    const PullKey key = running.key;
    EXPECT_TRUE(keys.insert(key).second);
    EXPECT_EQ(pulls.find(key), &running);
    pulls.remove(running);
    EXPECT_EQ(pulls.find(key), nullptr);
  }
  EXPECT_EQ(pulls.size(), 0u);
  EXPECT_EQ(pulls.find(kNoPull), nullptr);
}

TEST(RunningPulls, gives_a_pull_when_its_deadline_comes_and_not_before) {
  PullOptions options;
  options.retry_least_ms = options.retry_most_ms = 100;
  WantedObject object = object_of_one_chunk();
  RunningPulls pulls;
  RunningPull& running = pulls.add(object, options, 1);
  Pull::Actions actions;
  // It asks for a restore again after a backoff of 50 to 100 ms.
  running.pull.on_sources({}, SourceNode{1, 1}, 0, actions);
  pulls.arm(running);
  EXPECT_EQ(pulls.next_due(49 * kMs), nullptr);
  EXPECT_LE(pulls.next_deadline_ns(), 100 * kMs);
  EXPECT_EQ(pulls.next_due(100 * kMs), &running);
  EXPECT_EQ(pulls.next_due(100 * kMs), nullptr);
  pulls.remove(running);
  EXPECT_EQ(pulls.next_deadline_ns(), kForeverNs);
}

}  // namespace
}  // namespace obj
