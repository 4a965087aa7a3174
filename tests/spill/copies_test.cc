// SPDX-License-Identifier: Apache-2.0
// A second copy in another directory: written with the first, used when that is damaged or gone,
// removed with it.
#include <gtest/gtest.h>

#include "tests/spill/fake_tier.hh"

namespace obj {
namespace {

LocalSpillOptions two_copies() {
  LocalSpillOptions options = FakeTier::options({"/a", "/b"});
  options.writer.copies = 2;
  return options;
}

uint64_t live_records(FakeTier& tier, size_t directory) {
  return tier->status().directories[directory].ledger.records;
}

FakeStorage::File& file_at(FakeStorage& storage, FakeTier& tier, const SpillPlace& place) {
  const std::string path = tier->status().directories[place.store].path;
  return *storage.directories[path]->files.at(segment_name(place.segment));
}

TEST(SpillCopies, are_in_another_directory_and_go_with_the_first) {
  FakeStorage storage;
  FakeTier tier(storage, two_copies());
  std::vector<SpillPlace> places;
  for (uint64_t i = 0; i < 10; i++) {
    const auto place = tier.write(i, i % 2 == 0 ? 4096 : 100000);
    ASSERT_TRUE(place.has_value());
    places.push_back(*place);
  }
  EXPECT_EQ(live_records(tier, 0), 10U);
  EXPECT_EQ(live_records(tier, 1), 10U);
  for (const SpillPlace& each : places) tier->remove(each);
  tier.settle();
  EXPECT_EQ(live_records(tier, 0) + live_records(tier, 1), 0U);
}

TEST(SpillCopies, serve_when_the_first_is_damaged_also_after_a_restart) {
  FakeStorage storage;
  std::vector<SpillPlace> places;
  for (int life = 0; life < 2; life++) {
    FakeTier tier(storage, two_copies());
    for (const uint64_t bytes : {3000UL, 200000UL}) {
      if (life == 0) {
        const auto place = tier.write(bytes, bytes);
        ASSERT_TRUE(place.has_value());
        places.push_back(*place);
        storage.flip_bit(file_at(storage, tier, *place), place->offset + 120);
      }
      EXPECT_TRUE(tier.restore(bytes, bytes, places[bytes == 3000 ? 0 : 1]).has_value());
    }
    EXPECT_EQ(tier->findings().records.size(), life == 0 ? 0U : 2U) << "each once";
  }
}

TEST(SpillCopies, both_damaged_is_an_error) {
  FakeStorage storage;
  FakeTier tier(storage, two_copies());
  const auto place = tier.write(1, 3000);
  ASSERT_TRUE(place.has_value());
  for (const char* const path : {"/a", "/b"}) {
    auto& file = *storage.directories[path]->files.begin()->second;
    storage.flip_bit(file, place->offset + 120);
  }
  const auto damaged = tier.restore(1, 3000, *place);
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, ErrorCode::kInvalid);
}

TEST(SpillCopies, one_is_enough_when_the_other_directory_fails) {
  FakeStorage storage;
  FakeTier tier(storage, two_copies());
  tier.disk().fault = [&](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
    // Each directory has files of its own; those of the second were opened later.
    const bool is_write = order.kind == DiskOrder::Kind::kWrite;
    return is_write && order.file % 2 == 1 ? FakeDisk::Fate{EIO, {}} : FakeDisk::Fate{};
  };
  uint64_t written = 0;
  for (uint64_t i = 0; i < 6; i++) {
    const auto place = tier.write(i, 4096);
    if (!place) continue;
    written++;
    EXPECT_TRUE(tier.restore(i, 4096, *place).has_value());
  }
  EXPECT_EQ(written, 6U);
  tier->check_invariants();
}

TEST(SpillCopies, what_is_left_of_a_lost_directory_is_found) {
  FakeStorage storage;
  {
    FakeTier tier(storage, two_copies());
    for (uint64_t i = 0; i < 10; i++) ASSERT_TRUE(tier.write(i, 4096).has_value());
  }
  storage.directories["/a"]->files.clear();
  FakeTier tier(storage, two_copies());
  EXPECT_EQ(tier->findings().records.size(), 10U);
  for (const FoundRecord& each : tier->findings().records) {
    EXPECT_TRUE(tier.restore(number_of(each.copy.id), 4096, each.place).has_value());
  }
}

}  // namespace
}  // namespace obj
