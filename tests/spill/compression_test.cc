// SPDX-License-Identifier: Apache-2.0
// Records are compressed where that saves, and come back whole whatever the setting is by then.
#include "spill/compression.hh"

#include <gtest/gtest.h>

#include <array>

#include "tests/spill/fake_tier.hh"

namespace obj {
namespace {

constexpr std::array<SpillCodec, 2> kCodecs = {SpillCodec::kLz4, SpillCodec::kZstd};

TEST(Compression, gives_back_the_bytes) {
  Compression compression;
  std::vector<std::byte> payload(100000);
  for (size_t i = 0; i < payload.size(); i++) payload[i] = static_cast<std::byte>(i / 100);
  for (const SpillCodec codec : kCodecs) {
    std::vector<std::byte> stored(payload.size() / 2);
    const size_t bytes = compression.compress(codec, payload, stored);
    ASSERT_GT(bytes, 0U);
    std::vector<std::byte> back(payload.size());
    EXPECT_TRUE(compression.decompress(codec, std::span(stored).first(bytes), back).has_value());
    EXPECT_EQ(back, payload);
    // Too short, too long, and cut off.
    back.resize(payload.size() - 1);
    EXPECT_FALSE(compression.decompress(codec, std::span(stored).first(bytes), back).has_value());
    back.resize(payload.size() + 1);
    EXPECT_FALSE(compression.decompress(codec, std::span(stored).first(bytes), back).has_value());
    back.resize(payload.size());
    EXPECT_FALSE(
        compression.decompress(codec, std::span(stored).first(bytes - 1), back).has_value());
    EXPECT_EQ(compression.compress(codec, payload, std::span(stored).first(10)), 0U);
  }
}

// The bytes of TierProbe's objects do not get smaller; these do.
class Repetitive : public SpillCompletions {
 public:
  void on_written(SpillCookie, const Result<SpillPlace>& result) override { place = result; }
  void on_restored(SpillCookie, const Result<void>& result) override { restored = result; }
  std::optional<Result<SpillPlace>> place;
  std::optional<Result<void>> restored;
};

TEST(SpillCompression, is_kept_where_it_saves) {
  for (const SpillCodec codec : kCodecs) {
    FakeStorage storage;
    LocalSpillOptions options = FakeTier::options({"/spill"});
    options.writer.codec = codec;
    for (const uint64_t bytes : {100UL, 4096UL, 65536UL, 1000000UL, 3000000UL}) {
      auto spill = LocalSpill::open(options, std::make_unique<FakeDisk>(storage, 1), {});
      ASSERT_TRUE(spill.has_value());
      Repetitive user;
      (*spill)->set_completions(user);
      AlignedBuffer payload(bytes);
      for (uint64_t i = 0; i < bytes; i++) payload.bytes()[i] = static_cast<std::byte>(i / 64);
      uint64_t now_ns = 1;
      const auto turn = [&] {
        (*spill)->step(now_ns += 1'000'000);
        (*spill)->events().progress(1);
      };
      const WriteOrder order{1, copy_of(bytes, bytes), payload.bytes()};
      (*spill)->write({&order, 1});
      while (!user.place) turn();
      ASSERT_TRUE(user.place->has_value());
      const bool is_smaller = (*user.place)->size < raw_shape(bytes).size_bytes();
      EXPECT_EQ(is_smaller, bytes > 256 && bytes < kFusedBytesMax) << bytes;

      AlignedBuffer back(bytes);
      const RestoreOrder wanted{2, **user.place, order.copy, back.bytes()};
      (*spill)->restore({&wanted, 1});
      while (!user.restored) turn();
      EXPECT_TRUE(user.restored->has_value()) << bytes;
      EXPECT_EQ(std::memcmp(back.bytes().data(), payload.bytes().data(), bytes), 0);
      (*spill)->check_invariants();
      while (!(*spill)->is_idle()) turn();
      storage.daemon_died();
    }
    // With compression off again, all is still there.
    FakeTier plain(storage);
    EXPECT_EQ(plain->findings().records.size(), 5U);
  }
}

TEST(SpillCompression, leaves_alone_what_does_not_get_smaller) {
  FakeStorage storage;
  LocalSpillOptions options = FakeTier::options({"/spill"});
  options.writer.codec = SpillCodec::kLz4;
  FakeTier tier(storage, options);
  std::vector<WriteOrder> orders;
  uint64_t number = 0;
  for (int i = 0; i < 10; i++) {
    for (const uint64_t bytes : {100UL, 4096UL, 65536UL, 500000UL}) {
      orders.push_back(tier.probe().write_order(number++, bytes));
    }
  }
  tier->write(orders);
  tier.run();
  for (const WriteOrder& each : orders) {
    const auto& place = *tier.probe().written(each.cookie);
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->size, raw_shape(each.payload.size()).size_bytes());
    EXPECT_TRUE(tier.restore(number_of(each.copy.id), each.payload.size(), *place).has_value());
  }
  tier.settle();
  tier->check_invariants();
  EXPECT_EQ(tier->status().directories[0].ledger.writing_bytes, 0U);
}

}  // namespace
}  // namespace obj
