// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/lane_state.hh"

#include <gtest/gtest.h>

namespace obj::verbs {
namespace {

using State = LaneState::State;
constexpr uint64_t kMs = 1'000'000;

struct TestLane : LaneState {
  explicit TestLane(uint32_t candidates)
      : LaneState(
            candidates,
            {.connect_ns = 100 * kMs, .retry_least_ns = 50 * kMs, .retry_most_ns = 400 * kMs}) {}
  void come_up(uint64_t now_ns) {
    on_offered(now_ns);
    on_connected();
    on_probed();
  }
  void fail(uint64_t now_ns) { on_failed(now_ns, jitter); }

  Jitter jitter{1};
};

TEST(LaneState, tries_every_gid_at_once_before_it_is_broken) {
  TestLane lane(3);
  for (uint32_t candidate = 0; candidate < 3; candidate++) {
    ASSERT_TRUE(lane.wants_offer());
    EXPECT_EQ(lane.candidate(), candidate);
    EXPECT_TRUE(lane.is_undecided());
    lane.on_offered(0);
    if (candidate == 1) lane.on_connected();
    lane.fail(0);
  }
  EXPECT_EQ(lane.state(), State::kBroken);
  EXPECT_FALSE(lane.is_undecided());
  EXPECT_FALSE(lane.tick(24 * kMs));
  EXPECT_EQ(lane.state(), State::kBroken);
  EXPECT_FALSE(lane.tick(50 * kMs));
  EXPECT_TRUE(lane.wants_offer());
  EXPECT_EQ(lane.candidate(), 0u);
}

TEST(LaneState, keeps_the_gid_that_worked) {
  TestLane lane(2);
  lane.on_offered(0);
  lane.fail(0);
  lane.come_up(0);
  EXPECT_TRUE(lane.is_up());
  EXPECT_EQ(lane.candidate(), 1u);
  lane.fail(0);
  EXPECT_EQ(lane.state(), State::kBroken);
  lane.tick(60 * kMs);
  EXPECT_EQ(lane.candidate(), 1u);
}

TEST(LaneState, is_overdue_when_no_probe_comes) {
  TestLane lane(1);
  lane.on_offered(1000);
  EXPECT_FALSE(lane.tick(1000 + 99 * kMs));
  EXPECT_EQ(lane.next_ns(), 1000 + 100 * kMs);
  EXPECT_TRUE(lane.tick(1000 + 100 * kMs));
  lane.on_connected();
  EXPECT_TRUE(lane.tick(1000 + 100 * kMs)) << "connected only, the bytes are what counts";
  lane.on_probed();
  EXPECT_FALSE(lane.tick(kForeverNs - 1));
}

TEST(LaneState, backs_off_until_a_read_comes_through) {
  TestLane lane(1);
  uint64_t now_ns = 0;
  for (int i = 0; i < 10; i++) {
    lane.come_up(now_ns);
    lane.fail(now_ns);
    now_ns = lane.next_ns();
    EXPECT_FALSE(lane.tick(now_ns));
  }
  lane.come_up(now_ns);
  lane.fail(now_ns);
  EXPECT_GE(lane.next_ns() - now_ns, 200 * kMs) << "that it came up proves nothing";
  lane.tick(lane.next_ns());
  lane.come_up(now_ns);
  lane.on_progress();
  lane.fail(now_ns);
  EXPECT_LE(lane.next_ns() - now_ns, 50 * kMs);
}

TEST(LaneState, comes_back_sooner_when_somebody_waits) {
  TestLane lane(1);
  lane.come_up(0);
  lane.fail(0);
  lane.hasten(10);
  EXPECT_EQ(lane.next_ns(), 10u);
  lane.hasten(20 * kMs);
  EXPECT_EQ(lane.next_ns(), 10u);
}

}  // namespace
}  // namespace obj::verbs
