// SPDX-License-Identifier: Apache-2.0
// The tier on real files, through each driver: what was written comes back, also after a restart;
// what was removed does not; damage and foreign bytes are errors of their own.
#include "spill/local_spill.hh"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "spill/open_disk.hh"
#include "tests/spill/temporary_directory.hh"
#include "tests/spill/tier_probe.hh"

namespace obj {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
// Around every border of the format.
constexpr std::array<uint64_t, 17> kSizes = {
    1,       64,    100,   4000,  4096,  4097, 8192,      20000,
    65535,   65536, 65600, 69631, 69632, kMiB, kMiB + 64, 3 * kMiB + 4095,
    5 * kMiB};

class LocalSpillOnFiles : public testing::TestWithParam<DiskDriver> {
 protected:
  void SetUp() override {
    if (!open_disk(GetParam())) GTEST_SKIP() << "io_uring is forbidden here";
  }
  std::unique_ptr<DiskIo> disk() {
    auto disk = open_disk(GetParam());
    EXPECT_TRUE(disk.has_value());
    return std::move(*disk);
  }
  LocalSpillOptions options() const {
    SpillDirectoryOptions directory;
    directory.path = directory_.path();
    directory.segment_bytes = 16 * kMiB;
    return {{directory}, {}};
  }
  std::unique_ptr<LiveTier> open() {
    auto spill = LocalSpill::open(options(), disk(), {});
    EXPECT_TRUE(spill.has_value()) << spill.error().sentence;
    return std::make_unique<LiveTier>(std::move(*spill));
  }

  TemporaryDirectory directory_;
};

TEST_P(LocalSpillOnFiles, every_size_comes_back_also_after_a_restart) {
  std::vector<SpillPlace> places;
  {
    const auto tier = open();
    for (size_t i = 0; i < kSizes.size(); i++) {
      const auto place = tier->write(i, kSizes[i]);
      ASSERT_TRUE(place.has_value()) << place.error().where;
      places.push_back(*place);
      EXPECT_TRUE(tier->restore(i, kSizes[i], *place).has_value()) << kSizes[i];
    }
    (*tier)->check_invariants();
  }
  const auto tier = open();
  EXPECT_EQ((*tier)->findings().records.size(), kSizes.size());
  for (const FoundRecord& found : (*tier)->findings().records) {
    const uint64_t number = number_of(found.copy.id);
    ASSERT_LT(number, kSizes.size());
    EXPECT_EQ(found.copy, copy_of(number, kSizes[number]));
    EXPECT_EQ(found.place, places[number]);
    EXPECT_TRUE(tier->restore(number, kSizes[number], found.place).has_value());
  }
}

TEST_P(LocalSpillOnFiles, many_at_once_share_writes_and_reads) {
  const auto tier = open();
  std::vector<WriteOrder> orders;
  for (uint64_t i = 0; i < 5000; i++) orders.push_back(tier->probe().write_order(i, 4096));
  (*tier)->write(orders);
  ASSERT_TRUE(tier->run_until([&] { return tier->probe().under_way() == 0; }));
  EXPECT_LE((*tier)->status().directories[0].counts.commits, 30U);

  std::vector<RestoreOrder> restores;
  for (uint64_t i = 5000; i-- > 0;) {
    const auto& place = *tier->probe().written(orders[i].cookie);
    ASSERT_TRUE(place.has_value());
    restores.push_back(tier->probe().restore_order(i, 4096, *place));
  }
  (*tier)->restore(restores);
  ASSERT_TRUE(tier->run_until([&] { return tier->probe().under_way() == 0; }));
  for (const RestoreOrder& each : restores) {
    EXPECT_TRUE(tier->probe().restored(each.cookie)->has_value());
  }
}

TEST_P(LocalSpillOnFiles, what_was_removed_is_not_found_and_its_room_is_reused) {
  const auto tier = open();
  uint64_t segments_after_first = 0;
  for (uint64_t round = 0; round < 20; round++) {
    const auto place = tier->write(round, 4 * kMiB);
    ASSERT_TRUE(place.has_value());
    (*tier)->remove(*place);
    const auto gone = tier->restore(round, 4 * kMiB, *place);
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().code, ErrorCode::kNotFound);
    if (round == 0) segments_after_first = (*tier)->status().directories[0].segments;
  }
  EXPECT_EQ((*tier)->status().directories[0].segments, segments_after_first);
  EXPECT_EQ((*tier)->status().directories[0].ledger.records, 0U);
}

TEST_P(LocalSpillOnFiles, refuses_a_second_daemon) {
  const auto tier = open();
  const auto second = LocalSpill::open(options(), disk(), {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().error.code, ErrorCode::kExists);
  EXPECT_NE(second.error().sentence.find(directory_.path()), std::string::npos);
}

TEST_P(LocalSpillOnFiles, urls_name_places) {
  const auto tier = open();
  const auto place = tier->write(1, 100);
  ASSERT_TRUE(place.has_value());
  const std::string url = (*tier)->url(*place);
  EXPECT_TRUE(url.starts_with("file://" + directory_.path() + "/00000000-00000001.seg?offset="))
      << url;
  const auto again = (*tier)->place(url);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, *place);
}

INSTANTIATE_TEST_SUITE_P(Drivers, LocalSpillOnFiles,
                         testing::Values(DiskDriver::kUring, DiskDriver::kThreads),
                         [](const auto& driver) {
                           return driver.param == DiskDriver::kUring ? "io_uring" : "threads";
                         });

}  // namespace
}  // namespace obj
