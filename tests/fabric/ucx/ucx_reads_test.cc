// SPDX-License-Identifier: Apache-2.0
// Reads between two fabrics of one process over TCP: every byte checked, every hold let go of,
// every read completed once, whatever becomes of the other side.
#include "fabric/ucx/ucx_reads.hh"

#include <gtest/gtest.h>

#include <random>

#include "tests/fabric/ucx/read_peer.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr SourceNode kOwner{1, 10};
constexpr SourceNode kReader{2, 20};

TEST(UcxReads, brings_exactly_the_bytes_asked_for) {
  std::mt19937_64 random(test_seed());
  ReadPeer owner(kOwner, 8 << 20), reader(kReader);
  reader.connect(owner);
  struct Read {
    uint64_t from;
    std::vector<std::byte> destination;
  };
  std::vector<Read> reads;
  constexpr size_t kSizes[] = {1, 7, 64, 4095, 4096, 8191, 8192, 8193, 65536, 1 << 20};
  for (uint64_t i = 0; i < 2000; i++) {
    const size_t size = i % 3 ? kSizes[random() % 10] : 1 + random() % 200'000;
    const uint32_t slot = static_cast<uint32_t>(random() % 100);
    const uint64_t offset = random() % ((8 << 20) - slot * 4096 - size);
    // A margin on both sides: nothing may be written beside the destination.
    reads.push_back({slot * 4096 + offset, std::vector<std::byte>(size + 128, std::byte{0xee})});
    reader.read(kOwner, i, offset, std::span(reads.back().destination).subspan(64, size), slot);
    if (i % 50 == 0) reader.turn();
    if (i % 70 == 0) owner.turn();
  }
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 2000; }));
  for (uint64_t i = 0; i < reads.size(); i++) {
    ASSERT_TRUE(reader.completions.reads.at(i).has_value());
    EXPECT_EQ(*reader.completions.reads.at(i), ReadProof::kSameGeneration);
    const auto& [from, got] = reads[i];
    const size_t size = got.size() - 128;
    for (size_t k = 0; k < 64; k++) {
      ASSERT_EQ(got[k], std::byte{0xee});
      ASSERT_EQ(got[64 + size + k], std::byte{0xee});
    }
    ASSERT_EQ(std::memcmp(got.data() + 64, owner.source.arena.data() + from, size), 0) << i;
  }
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return owner.source.holds() == 0; }));
}

TEST(UcxReads, looks_at_a_slot) {
  ReadPeer owner(kOwner), reader(kReader);
  reader.connect(owner);
  reader.check(kOwner, 1, 3);
  reader.check(kOwner, 2, 3, TestSource::kGeneration + 1);
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 2; }));
  const auto& seen = reader.completions.checks.at(1);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->generation, TestSource::kGeneration);
  EXPECT_EQ(seen->offset, 3u * 4096);
  EXPECT_EQ(seen->metadata_bytes, 11u);
  EXPECT_EQ(seen->ready_bytes, (1u << 20) - 3 * 4096);
  EXPECT_EQ(reader.completions.checks.at(2).error().code, ErrorCode::kStale);
}

TEST(UcxReads, what_is_gone_or_not_as_long_is_stale) {
  ReadPeer owner(kOwner, 1 << 20), reader(kReader);
  reader.connect(owner);
  std::vector<std::byte> small(100), large(100'000);
  reader.read(kOwner, 1, 0, small, 0, 99);
  reader.read(kOwner, 2, 0, large, 0, 99);
  reader.read(kOwner, 3, (1 << 20) - 99, small);
  reader.read(kOwner, 4, UINT64_MAX - 10, small);
  reader.read(kOwner, 5, (1 << 20) - 99'999, large);
  reader.read(kOwner, 6, 1ull << 40, large);
  // In the right slot and generation, but somewhere else than the directory said.
  reader.transport().post_read(
      {7,
       {.node = kOwner, .id = {}, .slot = 0, .generation = 7, .offset = 64},
       0,
       100,
       small.data()});
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 7; }));
  for (ReadCookie cookie = 1; cookie <= 7; cookie++) {
    EXPECT_EQ(reader.completions.reads.at(cookie).error().code, ErrorCode::kStale) << cookie;
  }
  EXPECT_EQ(owner.source.holds(), 0u);
}

TEST(UcxReads, a_node_of_unknown_address_is_disconnected_later) {
  ReadPeer reader(kReader);
  std::byte byte;
  reader.read({9, 9}, 1, 0, {&byte, 1});
  EXPECT_EQ(reader.completions.done, 0u) << "from inside the call";
  reader.turn();
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kDisconnected);
}

TEST(UcxReads, a_later_start_of_the_node_is_another_node) {
  ReadPeer owner({1, 11}), reader(kReader);
  reader.transport().connect(kOwner, owner.fabric->listen_address());
  std::byte byte;
  reader.read(kOwner, 1, 0, {&byte, 1});
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 1; }));
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kStale);
}

TEST(UcxReads, a_closed_port_fails_the_reads_and_is_dialled_again) {
  ReadPeer reader(kReader);
  std::string address;
  {
    ReadPeer gone(kOwner);
    address = gone.fabric->listen_address();
  }
  reader.transport().connect(kOwner, address);
  std::byte byte;
  reader.read(kOwner, 1, 0, {&byte, 1});
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == 1; }));
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kDisconnected);
  TestSource source(4096);
  TestCompletions none;
  auto fabric = UcxFabric::create({.listen = address, .self = kOwner});
  ASSERT_TRUE(fabric.has_value());
  UcxReads reads(**fabric, source, none);
  for (ReadCookie cookie = 2; cookie < 20; cookie++) {
    reader.read(kOwner, cookie, 0, {&byte, 1});
    ASSERT_TRUE(run_until({&reader}, [&] {
      (*fabric)->progress(64);
      reads.progress(64);
      return reader.completions.reads.contains(cookie);
    }));
    if (reader.completions.reads.at(cookie)) break;
  }
  EXPECT_TRUE(reader.completions.reads.rbegin()->second.has_value());
}

TEST(UcxReads, an_owner_that_goes_away_ends_all_its_reads) {
  auto owner = std::make_unique<ReadPeer>(kOwner, 64 << 20);
  ReadPeer reader(kReader);
  reader.connect(*owner);
  std::vector<std::byte> destination(64 << 20);
  for (uint64_t i = 0; i < 64; i++) {
    reader.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
  }
  ASSERT_TRUE(run_until({owner.get(), &reader}, [&] { return reader.completions.done >= 3; }));
  owner.reset();
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == 64; }));
  for (const auto& [cookie, result] : reader.completions.reads) {
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::kDisconnected) << cookie;
    }
  }
}

TEST(UcxReads, a_reader_that_goes_away_leaves_no_hold) {
  ReadPeer owner(kOwner, 64 << 20);
  std::vector<std::byte> destination(64 << 20);
  {
    ReadPeer reader(kReader);
    reader.connect(owner);
    for (uint64_t i = 0; i < 64; i++) {
      reader.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
    }
    ASSERT_TRUE(run_until({&owner, &reader}, [&] { return owner.source.holds() > 0; }));
  }
  ASSERT_TRUE(run_until({&owner}, [&] { return owner.source.holds() == 0; }));
  EXPECT_EQ(owner.reads->holds(), 0u);
}

TEST(UcxReads, a_silent_owner_ends_its_reads_within_a_second_or_so) {
  ReadPeer owner(kOwner, 16 << 20), reader(kReader);
  reader.connect(owner);
  std::vector<std::byte> destination(16 << 20);
  for (uint64_t i = 0; i < 16; i++) {
    reader.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
  }
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done >= 1; }));
  const uint64_t stopped_ns = monotonic_ns();
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == 16; }));
  EXPECT_LT(monotonic_ns() - stopped_ns, 2'000'000'000u);
}

TEST(UcxReads, hurry_cancels_what_is_not_sent_yet) {
  ReadPeer reader(kReader);
  reader.transport().connect(kOwner, "127.0.0.1:9");
  std::byte byte;
  reader.read(kOwner, 1, 0, {&byte, 1});
  reader.transport().hurry(1);
  reader.transport().hurry(1);
  reader.transport().hurry(4711);
  reader.turn();
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kCancelled);
}

TEST(UcxReads, hurry_cancels_what_the_owner_has_not_begun) {
  UcxReadsOptions one_at_a_time;
  one_at_a_time.answerer.bulk_max = 1;
  ReadPeer owner(kOwner, 64 << 20, {}, one_at_a_time), reader(kReader);
  reader.connect(owner);
  std::vector<std::byte> destination(64 << 20);
  for (uint64_t i = 0; i < 64; i++) {
    reader.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
  }
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done >= 1; }));
  for (uint64_t i = 0; i < 64; i++) reader.transport().hurry(i);
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 64; }));
  uint64_t cancelled = 0;
  for (const auto& [cookie, result] : reader.completions.reads) {
    if (!result) cancelled += result.error().code == ErrorCode::kCancelled;
  }
  EXPECT_GT(cancelled, 30u);
  // The connection is as good as before.
  reader.read(kOwner, 100, 0, std::span(destination).first(1 << 20));
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 65; }));
  EXPECT_TRUE(reader.completions.reads.at(100).has_value());
}

TEST(UcxReads, hurry_breaks_the_connection_if_there_is_no_other_way) {
  UcxReadsOptions quick;
  quick.asker.hurry_ms = 100;
  ReadPeer owner(kOwner), reader(kReader, 4096, {.heartbeat_misses = 1000}, quick);
  reader.connect(owner);
  std::byte byte;
  reader.read(kOwner, 1, 0, {&byte, 1});
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 1; }));
  reader.read(kOwner, 2, 0, {&byte, 1});
  reader.turn();
  reader.transport().hurry(2);
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == 2; }, 2000));
  EXPECT_EQ(reader.completions.reads.at(2).error().code, ErrorCode::kDisconnected);
}

TEST(UcxReads, forget_lets_what_is_in_flight_complete) {
  ReadPeer owner(kOwner), reader(kReader);
  reader.connect(owner);
  std::byte byte;
  reader.read(kOwner, 1, 0, {&byte, 1});
  reader.transport().forget(kOwner);
  reader.read(kOwner, 2, 0, {&byte, 1});
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 2; }));
  EXPECT_TRUE(reader.completions.reads.at(1).has_value());
  EXPECT_EQ(reader.completions.reads.at(2).error().code, ErrorCode::kDisconnected);
}

TEST(UcxReads, ten_thousand_small_reads_at_once) {
  ReadPeer owner(kOwner, 40'960'000), reader(kReader);
  reader.connect(owner);
  std::vector<std::byte> destination(40'960'000);
  reader.read(kOwner, 20'000, 0, std::span(destination).first(1));
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 1; }));
  const uint64_t from_ns = monotonic_ns();
  for (uint64_t i = 0; i < 10'000; i++) {
    reader.read(kOwner, i, 0, std::span(destination).subspan(i * 4096, 4096),
                static_cast<uint32_t>(i));
  }
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 10'001; }));
  const uint64_t ns = monotonic_ns() - from_ns;
  std::printf("10,000 reads of 4 KiB: %.0f objects/s\n", 1e13 / static_cast<double>(ns));
  EXPECT_EQ(destination, owner.source.arena);
}

TEST(UcxReads, large_object_in_chunks) {
  constexpr size_t kBytes = 64 << 20;
  ReadPeer owner(kOwner, kBytes), reader(kReader);
  reader.connect(owner);
  std::vector<std::byte> destination(kBytes);
  for (int round = 0; round < 4; round++) {
    reader.completions = {};
    const uint64_t from_ns = monotonic_ns();
    for (uint64_t i = 0; i < kBytes >> 20; i++) {
      reader.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
    }
    ASSERT_TRUE(
        run_until({&owner, &reader}, [&] { return reader.completions.done == kBytes >> 20; }));
    std::printf("64 MiB in 1 MiB chunks: %.2f GB/s\n",
                static_cast<double>(kBytes) / static_cast<double>(monotonic_ns() - from_ns));
  }
  EXPECT_EQ(destination, owner.source.arena);
}

}  // namespace
}  // namespace obj
