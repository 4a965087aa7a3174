// SPDX-License-Identifier: Apache-2.0
// A directory that nodes share: each writes segments of its own, any restores from any.
#include <gtest/gtest.h>

#include "tests/spill/fake_tier.hh"

namespace obj {
namespace {

LocalSpillOptions of_node(uint32_t owner) {
  LocalSpillOptions options = FakeTier::options({"/shared"});
  options.directories[0].is_shared = true;
  options.directories[0].owner = owner;
  return options;
}

TEST(SharedDirectory, serves_what_other_nodes_wrote) {
  FakeStorage storage;
  FakeTier one(storage, of_node(1));
  FakeTier two(storage, of_node(2));
  for (const uint64_t bytes : {3000UL, 200000UL}) {
    const auto place = one.write(bytes, bytes);
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->segment >> 32, 1U);
    // As the other learns it: from a URL.
    const auto there = two->place(one->url(*place));
    ASSERT_TRUE(there.has_value());
    EXPECT_EQ(*there, *place);
    EXPECT_TRUE(two.restore(bytes, bytes, *there).has_value());
    // Only who wrote it removes it.
    two->remove(*there);
    EXPECT_TRUE(one.restore(bytes, bytes, *place).has_value());
  }
}

TEST(SharedDirectory, of_a_node_that_is_gone_is_still_read_and_not_taken_over) {
  FakeStorage storage;
  std::optional<SpillPlace> place;
  {
    FakeTier one(storage, of_node(1));
    const auto written = one.write(1, 200000);
    ASSERT_TRUE(written.has_value());
    place = *written;
  }
  FakeTier two(storage, of_node(2));
  EXPECT_TRUE(two->findings().records.empty());
  EXPECT_TRUE(two.restore(1, 200000, *place).has_value());
  storage.directories["/shared"]->files.clear();
  FakeTier three(storage, of_node(3));
  const auto lost = three.restore(1, 200000, *place);
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::kNotFound);
}

TEST(SharedDirectory, a_record_that_was_replaced_is_not_found_and_never_another_ones_bytes) {
  FakeStorage storage;
  FakeTier one(storage, of_node(1));
  FakeTier two(storage, of_node(2));
  const auto first = one.write(1, 200000);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(two.restore(1, 200000, *first).has_value());
  one->remove(*first);
  one.settle();
  const auto second = one.write(2, 200000);
  ASSERT_TRUE(second.has_value());
  ASSERT_EQ(*second, *first) << "the room was reused";
  const auto stale = two.restore(1, 200000, *first);
  ASSERT_FALSE(stale.has_value());
  EXPECT_EQ(stale.error().code, ErrorCode::kNotFound);
}

TEST(SharedDirectory, one_owner_has_one_daemon) {
  FakeStorage storage;
  FakeTier one(storage, of_node(1));
  const auto again = LocalSpill::open(of_node(1), std::make_unique<FakeDisk>(storage, 1), {});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().error.code, ErrorCode::kExists);
}

}  // namespace
}  // namespace obj
