// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/chunk_map_test.cc -- each edge of the diagram in chunk_map.hh, and random walks
// against a plain model.
#include "fabric/pull/chunk_map.hh"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/seed.hh"

namespace obj {
namespace {

using State = ChunkMap::State;

TEST(ChunkMap, has_as_many_chunks_as_it_takes_to_cover_the_object) {
  for (const auto& [total, count] :
       std::map<uint64_t, uint32_t>{{0, 0}, {1, 1}, {99, 1}, {100, 1}, {101, 2}, {1000, 10}}) {
    ChunkMap map(total, 100);
    EXPECT_EQ(map.count(), count);
    uint64_t sum = 0;
    for (uint32_t chunk = 0; chunk < map.count(); chunk++) sum += map.size_bytes(chunk);
    EXPECT_EQ(sum, total);
    EXPECT_EQ(map.missing_bytes(), total);
  }
}

TEST(ChunkMap, an_object_without_bytes_is_whole_from_the_start) {
  ChunkMap map(0, 100);
  EXPECT_TRUE(map.all_verified());
  EXPECT_FALSE(map.first_missing());
  EXPECT_EQ(map.ready_bytes(), 0u);
}

TEST(ChunkMap, a_chunk_is_ready_for_others_only_once_verified_and_from_the_start) {
  ChunkMap map(250, 100);
  ChunkMap::List list;
  for (uint32_t chunk = 0; chunk < 3; chunk++) map.start(chunk, 0);
  map.complete(2, list);
  map.verify(list);
  EXPECT_EQ(map.ready_bytes(), 0u);
  map.complete(0, list);
  EXPECT_EQ(map.ready_bytes(), 0u);
  map.verify(list);
  EXPECT_EQ(map.ready_bytes(), 100u);
  map.complete(1, list);
  map.verify(list);
  EXPECT_EQ(map.ready_bytes(), 250u);
  EXPECT_TRUE(map.all_verified());
}

TEST(ChunkMap, what_is_lost_is_asked_for_first) {
  ChunkMap map(500, 100);
  ChunkMap::List list;
  for (uint32_t chunk = 0; chunk < 4; chunk++) map.start(chunk, 1);
  EXPECT_EQ(map.first_missing(), 4u);
  map.complete(1, list);
  map.complete(2, list);
  map.lose(3);
  EXPECT_EQ(map.first_missing(), 3u);
  map.lose(list);
  EXPECT_EQ(map.first_missing(), 1u);
  EXPECT_EQ(map.missing(), 4u);
  EXPECT_EQ(list.count, 0u);
}

TEST(ChunkMap, moving_a_list_keeps_every_chunk) {
  ChunkMap map(300, 100);
  ChunkMap::List from;
  ChunkMap::List to;
  for (uint32_t chunk = 0; chunk < 3; chunk++) map.start(chunk, 0);
  map.complete(0, to);
  map.complete(1, from);
  map.complete(2, from);
  map.move(from, to);
  EXPECT_EQ(from.count, 0u);
  EXPECT_EQ(to.count, 3u);
  map.verify(to);
  EXPECT_TRUE(map.all_verified());
}

TEST(ChunkMapDeathTest, refuses_to_read_a_chunk_twice) {
  ChunkMap map(100, 100);
  ChunkMap::List list;
  map.start(0, 0);
  EXPECT_DEATH(map.start(0, 0), "CHECK failed");
  map.complete(0, list);
  EXPECT_DEATH(map.start(0, 0), "CHECK failed");
  EXPECT_DEATH(map.complete(0, list), "CHECK failed");
}

TEST(ChunkMap, agrees_with_a_plain_model_on_random_walks) {
  std::mt19937_64 random(test_seed());
  for (int walk = 0; walk < 200; walk++) {
    const uint64_t total = random() % 2000;
    ChunkMap map(total, static_cast<uint32_t>(1 + random() % 100));
    std::vector<State> model(map.count(), State::kMissing);
    ChunkMap::List list;
    const auto replace = [&](State from, State to) {
      for (State& state : model) state = state == from ? to : state;
    };
    for (int step = 0; step < 300 && map.count() > 0; step++) {
      const auto chunk = static_cast<uint32_t>(random() % map.count());
      switch (random() % 6) {
        case 0:
        case 1:
          if (const auto first = map.first_missing()) {
            map.start(*first, 3);
            model[*first] = State::kInFlight;
          }
          break;
        case 2:
        case 3:
          if (model[chunk] != State::kInFlight) break;
          map.complete(chunk, list);
          model[chunk] = State::kDone;
          break;
        case 4:
          if (model[chunk] != State::kInFlight) break;
          map.lose(chunk);
          model[chunk] = State::kMissing;
          break;
        case 5: {
          const bool good = random() % 4 != 0;
          good ? map.verify(list) : map.lose(list);
          replace(State::kDone, good ? State::kVerified : State::kMissing);
          break;
        }
      }
      uint64_t missing = 0;
      uint64_t in_flight = 0;
      uint64_t ready = 0;
      std::optional<uint32_t> first;
      for (uint32_t i = map.count(); i-- > 0;) {
        ASSERT_EQ(map.state(i), model[i]);
        missing += model[i] == State::kMissing ? map.size_bytes(i) : 0;
        in_flight += model[i] == State::kInFlight ? map.size_bytes(i) : 0;
        if (model[i] == State::kMissing) first = i;
      }
      for (uint32_t i = 0; i < map.count() && model[i] == State::kVerified; i++) ready = map.end(i);
      ASSERT_EQ(map.missing_bytes(), missing);
      ASSERT_EQ(map.in_flight_bytes(), in_flight);
      ASSERT_EQ(map.ready_bytes(), ready);
      ASSERT_EQ(map.first_missing(), first);
    }
  }
}

}  // namespace
}  // namespace obj
