// SPDX-License-Identifier: Apache-2.0
// Each fault of a disk costs what it touched, with its cause, and nothing else: the disk in memory
// fails, is short, full, read-only, removed, flips bits, loses files.
#include <gtest/gtest.h>

#include "spill/local_spill.hh"
#include "tests/spill/fake_disk.hh"
#include "tests/spill/fake_tier.hh"
#include "tests/spill/tier_probe.hh"

namespace obj {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

bool is_write(const DiskOrder& order) { return order.kind == DiskOrder::Kind::kWrite; }
bool is_read(const DiskOrder& order) { return order.kind == DiskOrder::Kind::kRead; }
bool is_sync(const DiskOrder& order) { return order.kind == DiskOrder::Kind::kSync; }

FakeStorage::File& only_file(FakeStorage& storage, const std::string& path = "/spill") {
  return *storage.directories.at(path)->files.begin()->second;
}

TEST(SpillFaults, short_reads_and_writes_are_continued) {
  FakeStorage storage;
  FakeTier tier(storage);
  uint64_t calls = 0;
  tier.disk().fault = [&](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
    // Not at a block either, every other time.
    if (++calls % 2 == 0 || order.size_bytes <= 4096) return {};
    return {0, order.size_bytes / 2 + 100};
  };
  for (const uint64_t bytes : {uint64_t{20000}, 3 * kMiB + 100}) {
    const auto place = tier.write(bytes, bytes);
    ASSERT_TRUE(place.has_value());
    EXPECT_TRUE(tier.restore(bytes, bytes, *place).has_value());
  }
  EXPECT_GT(calls, 10U);
}

TEST(SpillFaults, a_disk_that_does_nothing_is_an_error_in_the_end) {
  FakeStorage storage;
  FakeTier tier(storage);
  tier.disk().fault = [&](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
    return is_write(order) ? FakeDisk::Fate{0, 0} : FakeDisk::Fate{};
  };
  const auto place = tier.write(1, 4096);
  ASSERT_FALSE(place.has_value());
  EXPECT_EQ(place.error().code, ErrorCode::kSystem);
}

TEST(SpillFaults, each_failing_call_costs_what_was_being_written_and_nothing_is_left) {
  // The k-th call fails, for every k.
  bool was_reached = true;
  for (uint64_t k = 0; was_reached; k++) {
    was_reached = false;
    FakeStorage storage;
    FakeTier tier(storage);
    uint64_t calls = 0;
    tier.disk().fault = [&](const DiskOrder&, const std::string&) -> FakeDisk::Fate {
      if (calls++ != k) return {};
      was_reached = true;
      return {EIO, {}};
    };
    std::map<uint64_t, Result<SpillPlace>> places;
    for (uint64_t number = 1; number <= 4; number++) {
      places.emplace(number, tier.write(number, number % 2 == 0 ? 4096 : 100000));
      if (!places.at(number)) {
        EXPECT_EQ(places.at(number).error().code, ErrorCode::kSystem);
        EXPECT_EQ(places.at(number).error().system_errno, EIO);
        EXPECT_FALSE(tier->status().directories[0].failure.empty());
      }
      tier.let_pass(2'000'000'000);  // it is tried again
    }
    uint64_t restored = 0;
    for (const auto& [number, place] : places) {
      if (!place) continue;
      restored += tier.restore(number, number % 2 == 0 ? 4096 : 100000, *place) ? 1U : 0U;
    }
    EXPECT_GE(restored, 2U) << "call " << k;
    tier.disk().fault = nullptr;
    for (const auto& [number, place] : places) {
      if (place) tier->remove(*place);
    }
    tier.settle();
    const SpillLedger ledger = tier->status().directories[0].ledger;
    EXPECT_EQ(ledger.free_bytes + ledger.overhead_bytes, ledger.size_bytes) << "call " << k;
    tier->check_invariants();
    tier.end_life();
    FakeTier next(storage);
    EXPECT_TRUE(next->findings().records.empty()) << "call " << k;
  }
}

TEST(SpillFaults, an_error_of_one_read_does_not_cost_its_neighbours) {
  FakeStorage storage;
  FakeTier tier(storage);
  std::vector<SpillPlace> places;
  std::vector<WriteOrder> orders;
  for (uint64_t i = 0; i < 20; i++) orders.push_back(tier.probe().write_order(i, 4096));
  tier->write(orders);
  tier.run();
  std::vector<RestoreOrder> restores;
  for (uint64_t i = 0; i < 20; i++) {
    places.push_back(**tier.probe().written(orders[i].cookie));
    restores.push_back(tier.probe().restore_order(i, 4096, places[i]));
  }
  const uint64_t bad = places[7].offset;
  tier.disk().fault = [&](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
    const bool hits = order.offset <= bad && bad < order.offset + order.size_bytes;
    return is_read(order) && hits ? FakeDisk::Fate{EIO, {}} : FakeDisk::Fate{};
  };
  tier->restore(restores);
  tier.run();
  uint64_t good = 0;
  for (const RestoreOrder& each : restores) {
    good += tier.probe().restored(each.cookie)->has_value() ? 1U : 0U;
  }
  EXPECT_GE(good, 18U);  // a neighbour may share the block
  EXPECT_FALSE(tier.probe().restored(restores[7].cookie)->has_value());
  EXPECT_EQ(tier.probe().restored(restores[7].cookie)->error().system_errno, EIO);
}

TEST(SpillFaults, a_failed_directory_is_left_out_and_tried_again) {
  FakeStorage storage;
  FakeTier tier(storage, {"/a", "/b"});
  const auto a_files = [&] { return storage.directories["/a"]->files.size(); };
  for (uint64_t i = 0; i < 8; i++) ASSERT_TRUE(tier.write(i, 100000).has_value());
  EXPECT_EQ(a_files(), 1U);  // both get data
  EXPECT_EQ(storage.directories["/b"]->files.size(), 1U);

  storage.directories["/a"]->is_linked = false;  // removed by somebody
  only_file(storage, "/a").is_linked = false;
  uint64_t failed = 0;
  for (uint64_t i = 10; i < 30; i++) failed += tier.write(i, 100000) ? 0U : 1U;
  EXPECT_EQ(failed, 1U) << "the one that found out";
  EXPECT_FALSE(tier->status().directories[0].is_working);
  EXPECT_FALSE(tier->status().directories[0].failure.empty());

  storage.directories["/a"]->is_linked = true;
  only_file(storage, "/a").is_linked = true;
  tier.let_pass(120'000'000'000);
  const uint64_t before = tier->status().directories[0].counts.records_written;
  for (uint64_t i = 30; i < 40; i++) EXPECT_TRUE(tier.write(i, 100000).has_value());
  EXPECT_GT(tier->status().directories[0].counts.records_written, before);
  EXPECT_TRUE(tier->status().directories[0].failure.empty());
}

TEST(SpillFaults, a_full_disk_is_a_limit_and_others_go_on) {
  FakeStorage storage;
  storage.total_bytes = 4 * kMiB;
  FakeTier tier(storage);
  std::vector<SpillPlace> places;
  std::optional<Error> why;
  for (uint64_t i = 0; i < 100 && !why; i++) {
    const auto place = tier.write(i, 200000);
    if (place) {
      places.push_back(*place);
    } else {
      why = place.error();
    }
  }
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->code, ErrorCode::kLimit);
  // The guard: 5% of the file system stay free.
  EXPECT_LE(storage.used_bytes(), storage.total_bytes * 95 / 100);
  EXPECT_GE(storage.used_bytes(), storage.total_bytes / 2);
  EXPECT_TRUE(tier.restore(0, 200000, places[0]).has_value());
  tier->remove(places[0]);
  EXPECT_TRUE(tier.write(200, 200000).has_value()) << "the room of what was removed";
}

TEST(SpillFaults, free_room_is_given_back_when_others_fill_the_disk_and_taken_again) {
  FakeStorage storage;
  storage.total_bytes = 64 * kMiB;
  LocalSpillOptions options = FakeTier::options({"/spill"});
  options.directories[0].segment_bytes = 16 * kMiB;
  FakeTier tier(storage, options);
  const auto kept = tier.write(1, 5 * kMiB);
  const auto removed = tier.write(2, 5 * kMiB);
  ASSERT_TRUE(kept && removed);
  tier->remove(*removed);
  tier.settle();

  auto others = std::make_shared<FakeStorage::File>();
  others->now.resize(47 * kMiB);
  storage.directories["/elsewhere"] = std::make_shared<FakeStorage::Directory>();
  storage.directories["/elsewhere"]->files["x"] = others;
  tier.let_pass(2'000'000'000);
  tier.step();
  tier.settle();
  const auto full = tier->status().directories[0];
  EXPECT_GE(full.punched_bytes, 5 * kMiB);
  EXPECT_LT(full.ledger.free_bytes, kMiB);
  EXPECT_EQ(tier.write(3, 2 * kMiB).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(tier.restore(1, 5 * kMiB, *kept).has_value());

  others->now.clear();
  tier.let_pass(2'000'000'000);
  tier.step();
  tier.settle();
  EXPECT_EQ(tier->status().directories[0].punched_bytes, 0U);
  EXPECT_EQ(tier->status().directories[0].ledger.writing_bytes, 0U);
  EXPECT_TRUE(tier.write(4, 2 * kMiB).has_value());
  tier->check_invariants();
}

TEST(SpillFaults, enospc_of_a_write_is_a_limit) {
  FakeStorage storage;
  FakeTier tier(storage);
  tier.disk().fault = [](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
    return is_write(order) ? FakeDisk::Fate{ENOSPC, {}} : FakeDisk::Fate{};
  };
  const auto place = tier.write(1, 4096);
  ASSERT_FALSE(place.has_value());
  EXPECT_EQ(place.error().code, ErrorCode::kLimit);
}

TEST(SpillFaults, a_read_only_directory_is_left_out_or_refused) {
  FakeStorage storage;
  storage.directories["/a"] = std::make_shared<FakeStorage::Directory>();
  storage.directories["/a"]->is_read_only = true;
  {
    FakeTier tier(storage, {"/a", "/b"});
    EXPECT_TRUE(tier.write(1, 4096).has_value());
    EXPECT_FALSE(tier->status().directories[0].is_working);
  }
  const auto refused =
      LocalSpill::open(FakeTier::options({"/a"}), std::make_unique<FakeDisk>(storage, 1), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().error.system_errno, EROFS);
  EXPECT_NE(refused.error().sentence.find("/a"), std::string::npos);
}

TEST(SpillFaults, flipped_bits_of_a_record_are_found_wherever_they_are) {
  for (const uint64_t payload_bytes : {uint64_t{3000}, uint64_t{70000}}) {
    FakeStorage storage;
    FakeTier tier(storage);
    const auto place = tier.write(1, payload_bytes);
    ASSERT_TRUE(place.has_value());
    FakeStorage::File& file = only_file(storage);
    const RecordShape shape = raw_shape(payload_bytes);
    std::vector<uint64_t> offsets;
    for (uint64_t i = 0; i < sizeof(RecordHeader); i++) offsets.push_back(i);
    offsets.push_back(sizeof(RecordHeader) + shape.tail_bytes - 1);
    for (uint64_t i = shape.head_bytes; i < shape.size_bytes(); i += 999) offsets.push_back(i);
    for (const uint64_t offset : offsets) {
      storage.flip_bit(file, place->offset + offset);
      const auto damaged = tier.restore(1, payload_bytes, *place);
      ASSERT_FALSE(damaged.has_value()) << offset;
      EXPECT_EQ(damaged.error().code, ErrorCode::kInvalid) << offset;
      storage.flip_bit(file, place->offset + offset);
    }
    EXPECT_TRUE(tier.restore(1, payload_bytes, *place).has_value());
    EXPECT_EQ(tier->status().directories[0].counts.damaged_records, offsets.size());
  }
}

TEST(SpillFaults, flipped_bits_of_an_index_cost_their_entry_alone) {
  FakeStorage storage;
  {
    FakeTier tier(storage);
    for (uint64_t i = 0; i < 5; i++) ASSERT_TRUE(tier.write(i, 4096).has_value());
    tier.settle();
  }
  for (const uint64_t byte : {0U, 5U, 20U, 63U}) {
    const FakeStorage before = storage;
    FakeStorage::File& file = only_file(storage);
    const auto copy = file;
    storage.flip_bit(file, kSpillBlock + 64 + 2 * 64 + byte);
    {
      FakeTier tier(storage);
      EXPECT_EQ(tier->findings().damaged_entries, 1U);
      EXPECT_EQ(tier->findings().records.size(), 4U);
      for (const FoundRecord& each : tier->findings().records) {
        EXPECT_TRUE(tier.restore(number_of(each.copy.id), 4096, each.place).has_value());
      }
      tier->check_invariants();
    }
    FakeTier again(storage);
    EXPECT_EQ(again->findings().damaged_entries, 0U) << "it was cleared";
    again.end_life();
    file = copy;
  }
  // The head of a page tells how much is durable; without it more is read, and nothing is lost.
  storage.flip_bit(only_file(storage), kSpillBlock + 24);
  FakeTier tier(storage);
  EXPECT_EQ(tier->findings().records.size(), 5U);
}

TEST(SpillFaults, a_damaged_header_costs_its_segment_and_leaves_the_file) {
  FakeStorage storage;
  {
    FakeTier tier(storage);
    ASSERT_TRUE(tier.write(1, 4096).has_value());
  }
  storage.flip_bit(only_file(storage), 20);
  {
    FakeTier tier(storage);
    EXPECT_EQ(tier->findings().damaged_segments, 1U);
    EXPECT_TRUE(tier->findings().records.empty());
    ASSERT_TRUE(tier.write(2, 4096).has_value());
    EXPECT_EQ(storage.directories["/spill"]->files.size(), 2U);
  }
  storage.flip_bit(only_file(storage), 20);  // mended
  FakeTier tier(storage);
  EXPECT_EQ(tier->findings().records.size(), 2U);
}

TEST(SpillFaults, cut_off_and_missing_segments_cost_their_records_alone) {
  FakeStorage storage;
  std::vector<SpillPlace> places;
  {
    FakeTier tier(storage);
    for (uint64_t i = 0; i < 16; i++) {
      const auto place = tier.write(i, 100000);
      ASSERT_TRUE(place.has_value());
      places.push_back(*place);
    }
  }
  auto& files = storage.directories["/spill"]->files;
  ASSERT_GE(files.size(), 2U);
  auto& first = *files.begin()->second;
  first.now.resize(places[2].offset + 50000);
  first.durable = first.now;
  first.unsynced.clear();
  {
    FakeTier tier(storage);
    EXPECT_GT(tier->findings().lost_records, 0U);
    EXPECT_TRUE(tier.restore(0, 100000, places[0]).has_value());
    EXPECT_TRUE(tier.restore(1, 100000, places[1]).has_value());
    const auto lost = tier.restore(2, 100000, places[2]);
    ASSERT_FALSE(lost.has_value());
    EXPECT_EQ(lost.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(tier.restore(15, 100000, places[15]).has_value());
  }
  files.erase(files.begin());
  FakeTier tier(storage);
  const auto lost = tier.restore(0, 100000, places[0]);
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(tier.restore(15, 100000, places[15]).has_value());
}

TEST(SpillFaults, a_file_cut_off_while_it_is_used_is_damage) {
  FakeStorage storage;
  FakeTier tier(storage);
  const auto place = tier.write(1, 100000);
  ASSERT_TRUE(place.has_value());
  only_file(storage).now.resize(place->offset + 5000);
  const auto cut = tier.restore(1, 100000, *place);
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code, ErrorCode::kInvalid);
}

TEST(SpillFaults, places_that_cannot_be_are_not_found) {
  FakeStorage storage;
  FakeTier tier(storage);
  const auto place = tier.write(1, 4096);
  ASSERT_TRUE(place.has_value());
  const auto not_found = [&](SpillPlace wrong) {
    const auto result = tier.restore(1, 4096, wrong);
    return !result && result.error().code == ErrorCode::kNotFound;
  };
  EXPECT_TRUE(not_found({7, place->segment, place->offset, place->size}));
  EXPECT_TRUE(not_found({0, place->segment + 1, place->offset, place->size}));
  EXPECT_TRUE(not_found({0, place->segment, place->offset + 32, place->size}));
  EXPECT_TRUE(not_found({0, place->segment, place->offset + 1, place->size}));
  EXPECT_TRUE(not_found({0, place->segment, UINT64_MAX - 31, place->size}));
  EXPECT_TRUE(not_found({0, place->segment, place->offset, UINT64_MAX - 31}));
  EXPECT_TRUE(not_found({0, place->segment, place->offset, 0}));
  for (const SpillPlace& nowhere : {SpillPlace{7, 1, 0, 0}, SpillPlace{0, 9, 0, 0}}) {
    tier->remove(nowhere);  // no effect
  }
  EXPECT_TRUE(tier.restore(1, 4096, *place).has_value());
}

TEST(SpillFaults, a_restore_in_flight_completes_though_its_record_is_removed) {
  FakeStorage storage;
  FakeTier tier(storage);
  const auto place = tier.write(1, 300000);
  ASSERT_TRUE(place.has_value());
  const RestoreOrder order = tier.probe().restore_order(1, 300000, *place);
  tier->restore({&order, 1});
  tier.step();  // posted, not completed
  tier->remove(*place);
  // Others want the room meanwhile; the bytes stay until they were read.
  std::vector<WriteOrder> others;
  for (uint64_t i = 10; i < 14; i++) others.push_back(tier.probe().write_order(i, 300000));
  tier->write(others);
  tier.run();
  EXPECT_TRUE(tier.probe().restored(order.cookie)->has_value());
  EXPECT_EQ(tier.restore(1, 300000, *place).error().code, ErrorCode::kNotFound);
}

TEST(SpillFaults, syncs_that_fail_leave_no_record_behind) {
  FakeStorage storage;
  FakeTier tier(storage);
  tier.disk().fault = [](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
    return is_sync(order) ? FakeDisk::Fate{EIO, {}} : FakeDisk::Fate{};
  };
  EXPECT_FALSE(tier.write(1, 4096).has_value());
  tier.disk().fault = nullptr;
  tier.let_pass(3'000'000'000);
  ASSERT_TRUE(tier.write(2, 4096).has_value());
  tier.settle();
  tier.end_life();
  FakeTier next(storage);
  ASSERT_EQ(next->findings().records.size(), 1U);
  EXPECT_EQ(number_of(next->findings().records[0].copy.id), 2U);
}

}  // namespace
}  // namespace obj
