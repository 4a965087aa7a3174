// SPDX-License-Identifier: Apache-2.0
// Reads between nodes over a real device (soft-RoCE in CI): every byte checked, every read
// completed once, whatever becomes of a queue pair or of the other side.
#include "fabric/verbs/verbs_reads.hh"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "tests/seed.hh"
#include "tests/verbs/verbs_peer.hh"

namespace obj {
namespace {

constexpr SourceNode kOwner{1, 10};
constexpr SourceNode kReader{2, 20};
constexpr uint64_t kBig = 16 << 20;

VerbsPeer::Options sized(uint64_t arena_bytes) {
  VerbsPeer::Options options;
  options.arena_bytes = arena_bytes;
  return options;
}

void expect_arena_bytes(std::span<const std::byte> got, uint64_t from) {
  for (size_t i = 0; i < got.size(); i++) {
    if (got[i] == arena_byte(from + i)) continue;
    ADD_FAILURE() << "byte " << i << " of " << got.size() << " from " << from;
    return;
  }
}

TEST(VerbsReads, brings_exactly_the_bytes_asked_for) {
  std::mt19937_64 random(test_seed());
  VerbsPeer owner(kOwner, sized(kBig)), reader(kReader, sized(2 * kBig));
  reader.connect(owner);
  struct Read {
    uint64_t from;
    std::span<std::byte> got;
  };
  std::vector<Read> reads;
  constexpr size_t kSizes[] = {1, 7, 64, 4095, 4096, 8192, 65536, 1 << 20};
  std::span<std::byte> room = reader.landing();
  std::ranges::fill(room, std::byte{0xee});
  for (uint64_t i = 0; room.size() > (2 << 20); i++) {
    const size_t size = i % 3 ? kSizes[random() % 8] : 1 + random() % 200'000;
    const uint64_t offset = random() % (kBig - size);
    // A margin between them: nothing may be written beside a destination.
    reads.push_back({offset, room.subspan(64, size)});
    room = room.subspan(size + 64);
    reader.read(kOwner, i, offset, reads.back().got);
    if (i % 50 == 0) reader.turn();
  }
  ASSERT_TRUE(
      run_until({&owner, &reader}, [&] { return reader.completions.done == reads.size(); }));
  for (uint64_t i = 0; i < reads.size(); i++) {
    const auto& result = reader.completions.reads.at(i);
    ASSERT_TRUE(result.has_value()) << result.error().where;
    EXPECT_EQ(*result, ReadProof::kNone);
    expect_arena_bytes(reads[i].got, reads[i].from);
    EXPECT_EQ(*(reads[i].got.data() - 1), std::byte{0xee});
    EXPECT_EQ(*(reads[i].got.data() + reads[i].got.size()), std::byte{0xee});
  }
  EXPECT_EQ(reader.path().lanes_up, 2u) << reader.path().text;
}

TEST(VerbsReads, cuts_reads_where_registered_pieces_meet) {
  VerbsPeer::Options pieces = sized(kBig);
  pieces.verbs.adapter.piece_bytes_max = 2 << 20;
  VerbsPeer owner(kOwner, pieces), reader(kReader, pieces);
  reader.connect(owner);
  const std::span<std::byte> got = reader.landing().subspan(12'345, 7'000'001);
  reader.read(kOwner, 1, 1'111'111, got);
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 1; }));
  ASSERT_TRUE(reader.completions.reads.at(1).has_value());
  expect_arena_bytes(got, 1'111'111);
}

TEST(VerbsReads, looks_at_slots_as_they_are_now) {
  VerbsPeer owner(kOwner), reader(kReader);
  const ObjectId id = object_id_from_name("a");
  const ObjectRef ref = owner.table.add(id, 4096, 1000);
  reader.connect(owner);
  const auto check = [&](ReadCookie cookie) {
    reader.transport().post_check(
        {cookie, {.node = kOwner, .id = id, .slot = ref.slot, .generation = ref.generation}});
    ASSERT_TRUE(
        run_until({&owner, &reader}, [&] { return reader.completions.checks.contains(cookie); }));
  };
  check(1);
  const auto& seen = reader.completions.checks.at(1);
  ASSERT_TRUE(seen.has_value()) << seen.error().where;
  EXPECT_EQ(seen->id, id);
  EXPECT_EQ(seen->generation, ref.generation);
  EXPECT_EQ(seen->offset, 4096u);
  EXPECT_EQ(seen->data_bytes, 1000u);
  EXPECT_EQ(seen->ready_bytes, 1000u);
  owner.table.remove(ref);
  check(2);
  EXPECT_EQ(reader.completions.checks.at(2).error().code, ErrorCode::kStale);
  owner.table.add(object_id_from_name("b"), 8192, 7);
  check(3);
  EXPECT_EQ(reader.completions.checks.at(3)->generation, ref.generation + 1);
}

TEST(VerbsReads, a_location_outside_of_the_owners_memory_costs_nothing_but_itself) {
  VerbsPeer owner(kOwner), reader(kReader);
  reader.connect(owner);
  ReadOrder order = reader.order(kOwner, 1, 0, reader.landing().first(4096));
  order.copy.offset = UINT64_MAX - 5;
  reader.transport().post_read(order);
  order.cookie = 2;
  order.copy.offset = (1 << 20) - 4095;
  reader.transport().post_read(order);
  order.cookie = 3;
  order.copy.offset = 0;
  order.object_offset = UINT64_MAX - 100;
  reader.transport().post_read(order);
  reader.transport().post_check({4, {.node = kOwner, .id = {}, .slot = TestTable::kSlots}});
  reader.read(kOwner, 5, 100, reader.landing().first(100));
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 5; }));
  for (ReadCookie cookie = 1; cookie <= 3; cookie++) {
    EXPECT_EQ(reader.completions.reads.at(cookie).error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(reader.completions.checks.at(4).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(reader.completions.reads.at(5).has_value());
  EXPECT_EQ(reader.path().lanes_up, 2u);
}

// Its device refuses, which costs that queue pair and no other.
TEST(VerbsReads, a_key_that_the_owner_lied_about_costs_one_queue_pair_which_is_rebuilt) {
  VerbsPeer::Options lies;
  lies.lies_about_keys = true;
  VerbsPeer liar(kOwner, lies), reader(kReader);
  const ObjectRef ref = liar.table.add(object_id_from_name("a"), 0, 10);
  reader.connect(liar);
  ASSERT_TRUE(run_until({&liar, &reader}, [&] { return reader.path().lanes_up == 2; }));
  reader.read(kOwner, 1, 0, reader.landing().first(64));
  ASSERT_TRUE(run_until({&liar, &reader}, [&] { return reader.completions.done == 1; }));
  ASSERT_FALSE(reader.completions.reads.at(1).has_value());
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kInvalid)
      << reader.completions.reads.at(1).error().where;
  EXPECT_EQ(reader.path().lanes_up, 1u);
  EXPECT_TRUE(run_until({&liar, &reader}, [&] { return reader.path().lanes_up == 2; }));
  reader.transport().post_check({2, {.node = kOwner, .id = {}, .slot = ref.slot}});
  ASSERT_TRUE(run_until({&liar, &reader}, [&] { return reader.completions.done == 2; }));
  EXPECT_TRUE(reader.completions.checks.at(2).has_value());
}

TEST(VerbsReads, an_owner_that_ends_gives_every_read_back_with_an_error) {
  auto owner = std::make_unique<VerbsPeer>(kOwner, sized(kBig));
  VerbsPeer reader(kReader, sized(4 * kBig));
  reader.connect(*owner);
  reader.read(kOwner, 0, 0, reader.landing().first(64));
  ASSERT_TRUE(run_until({owner.get(), &reader}, [&] { return reader.completions.done == 1; }));
  // Far more than fits the windows of the lanes: the device cannot be done with them.
  constexpr ReadCookie kReads = 2000;
  for (ReadCookie i = 1; i <= kReads; i++) {
    reader.read(kOwner, i, 0, reader.landing().first(1 << 20));
  }
  for (int i = 0; i < 2; i++) reader.turn();
  owner.reset();
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == kReads + 1; }, 10'000));
  ASSERT_FALSE(reader.completions.reads.at(kReads).has_value());
  EXPECT_EQ(reader.completions.reads.at(kReads).error().code, ErrorCode::kDisconnected);
  EXPECT_EQ(reader.path().state, verbs::PathState::kDown);
}

TEST(VerbsReads, a_restarted_owner_is_another_one) {
  auto owner = std::make_unique<VerbsPeer>(kOwner);
  const std::string address = owner->address();
  VerbsPeer reader(kReader);
  reader.connect(*owner);
  reader.read(kOwner, 1, 0, reader.landing().first(64));
  ASSERT_TRUE(run_until({owner.get(), &reader}, [&] { return reader.completions.done == 1; }));
  owner.reset();
  VerbsPeer::Options options;
  options.listen = address;
  constexpr SourceNode kAgain{1, 11};
  VerbsPeer again(kAgain, options);
  reader.transport().connect(kAgain, address);
  reader.read(kAgain, 2, 500, reader.landing().first(64));
  ASSERT_TRUE(run_until({&again, &reader}, [&] { return reader.completions.done == 2; }));
  EXPECT_TRUE(reader.completions.reads.at(2).has_value());
  expect_arena_bytes(reader.landing().first(64), 500);
  reader.read(kOwner, 3, 0, reader.landing().first(64));
  ASSERT_TRUE(run_until({&again, &reader}, [&] { return reader.completions.done == 3; }));
  EXPECT_FALSE(reader.completions.reads.at(3).has_value());
  reader.transport().forget(kOwner);
}

TEST(VerbsReads, sixty_four_readers_at_once_are_all_served) {
  VerbsPeer owner(kOwner);
  std::vector<std::unique_ptr<VerbsPeer>> readers;
  for (uint32_t i = 0; i < 64; i++) {
    VerbsPeer::Options small;
    small.arena_bytes = 64 << 10;
    readers.push_back(std::make_unique<VerbsPeer>(SourceNode{100 + i, 1}, small));
  }
  const uint64_t begin_ns = monotonic_ns();
  for (const auto& reader : readers) {
    reader->connect(owner);
    reader->read(kOwner, 1, 777, reader->landing().first(4096));
  }
  size_t done = 0;
  const uint64_t until_ns = begin_ns + 60'000'000'000;
  while (done < readers.size() && monotonic_ns() < until_ns) {
    owner.turn();
    done = 0;
    for (const auto& reader : readers) {
      reader->turn();
      done += reader->completions.done;
    }
  }
  std::printf("64 readers connected and read in %.2f s\n",
              static_cast<double>(monotonic_ns() - begin_ns) / 1e9);
  for (const auto& reader : readers) {
    ASSERT_EQ(reader->completions.done, 1u) << reader->path().text;
    EXPECT_TRUE(reader->completions.reads.at(1).has_value());
    expect_arena_bytes(reader->landing().first(4096), 777);
  }
  EXPECT_EQ(owner.reads->owner().readers(), 64u);
}

TEST(VerbsReads, one_reader_of_sixty_four_owners_connects_to_all) {
  VerbsPeer reader(kReader);
  std::vector<std::unique_ptr<VerbsPeer>> owners;
  for (uint32_t i = 0; i < 64; i++) {
    VerbsPeer::Options small;
    small.arena_bytes = 64 << 10;
    owners.push_back(std::make_unique<VerbsPeer>(SourceNode{100 + i, 1}, small));
    reader.connect(*owners.back());
    reader.read(owners.back()->node, i, 0, reader.landing().subspan(i * 64, 64));
  }
  const uint64_t begin_ns = monotonic_ns();
  while (reader.completions.done < 64 && monotonic_ns() < begin_ns + 60'000'000'000) {
    reader.turn();
    for (const auto& owner : owners) owner->turn();
  }
  std::printf("64 owners connected and read in %.2f s\n",
              static_cast<double>(monotonic_ns() - begin_ns) / 1e9);
  ASSERT_EQ(reader.completions.done, 64u);
  for (const auto& [cookie, result] : reader.completions.reads) {
    EXPECT_TRUE(result.has_value()) << cookie;
  }
}

TEST(VerbsReads, a_wrong_secret_and_another_layout_are_refused_with_their_cause) {
  VerbsPeer::Options secret;
  secret.secret = "right";
  VerbsPeer owner(kOwner, secret);
  VerbsPeer::Options wrong;
  wrong.secret = "wrong";
  VerbsPeer stranger(kReader, wrong);
  stranger.connect(owner);
  stranger.read(kOwner, 1, 0, stranger.landing().first(64));
  ASSERT_TRUE(run_until({&owner, &stranger}, [&] { return stranger.completions.done == 1; }));
  EXPECT_EQ(stranger.completions.reads.at(1).error().code, ErrorCode::kDisconnected);
  EXPECT_NE(stranger.path().text.find("secret"), std::string::npos) << stranger.path().text;

  VerbsPeer::Options newer = secret;
  newer.version_offset = 1;
  VerbsPeer other({3, 3}, newer);
  other.connect(owner);
  other.read(kOwner, 1, 0, other.landing().first(64));
  ASSERT_TRUE(run_until({&owner, &other}, [&] { return other.completions.done == 1; }));
  EXPECT_NE(other.path().text.find("table"), std::string::npos) << other.path().text;
}

TEST(VerbsReads, a_hurried_read_ends_although_the_owner_is_silent) {
  VerbsPeer owner(kOwner), reader(kReader);
  reader.connect(owner);
  reader.read(kOwner, 1, 0, reader.landing().first(64));
  reader.transport().hurry(1);
  ASSERT_TRUE(run_until({&reader}, [&] { return reader.completions.done == 1; }));
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace obj
