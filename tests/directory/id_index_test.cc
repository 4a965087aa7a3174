// SPDX-License-Identifier: Apache-2.0
// The index against std::unordered_map: random inserts and removals over many splits, equal hashes,
// and hashes that collide in everything but a few bits.
#include "directory/id_index.hh"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

#include "tests/seed.hh"

namespace obj::directory {
namespace {

uint32_t find(const IdIndex& index, uint64_t hash, uint32_t number) {
  return index.find(hash, [&](uint32_t other) { return other == number; });
}

TEST(IdIndex, finds_nothing_in_an_empty_index) {
  const IdIndex index;
  EXPECT_EQ(index.guess(0), 0u);
  EXPECT_EQ(index.guess(UINT64_MAX), 0u);
}

TEST(IdIndex, finds_all_entries_after_many_splits) {
  std::mt19937_64 random(test_seed());
  IdIndex index;
  std::unordered_map<uint32_t, uint64_t> hashes;
  for (uint32_t number = 1; number <= 300'000; number++) {
    hashes[number] = random();
    index.insert(hashes[number], number);
  }
  for (const auto& [number, hash] : hashes) ASSERT_EQ(find(index, hash, number), number);
  // 8 bytes a slot, between 40% and 80% full.
  EXPECT_LT(index.bytes(), 300'000 * 8 / 0.38 + (2 << 20));
}

TEST(IdIndex, equals_a_map_after_any_mix_of_inserts_and_removals) {
  std::mt19937_64 random(test_seed());
  IdIndex index;
  std::unordered_map<uint32_t, uint64_t> model;
  for (int step = 0; step < 200'000; step++) {
    const auto number = static_cast<uint32_t>(random() % 20'000 + 1);
    // Few different hashes, so that long runs of equal and neighbouring homes come about.
    const uint64_t hash = random() % 7 == 0 ? random() : (random() % 64) << 58 | (random() % 512);
    if (const auto known = model.find(number); known != model.end()) {
      index.erase(known->second, number);
      ASSERT_EQ(find(index, known->second, number), 0u);
      model.erase(known);
    } else if (model.size() < 12'000) {
      index.insert(hash, number);
      model[number] = hash;
    }
  }
  for (const auto& [number, hash] : model) ASSERT_EQ(find(index, hash, number), number);
  for (uint32_t number = 1; number <= 20'000; number++) {
    if (model.contains(number)) continue;
    ASSERT_EQ(find(index, random(), number), 0u);
  }
}

TEST(IdIndex, keeps_entries_of_the_same_hash_apart) {
  IdIndex index;
  for (uint32_t number = 1; number <= 100; number++) index.insert(42, number);
  for (uint32_t number = 1; number <= 100; number += 2) index.erase(42, number);
  for (uint32_t number = 1; number <= 100; number++) {
    EXPECT_EQ(find(index, 42, number), number % 2 == 0 ? number : 0);
  }
}

// The probe run goes over the end of the segment to its beginning.
TEST(IdIndex, removal_closes_gaps_across_the_end_of_a_segment) {
  IdIndex index;
  for (uint32_t number = 1; number <= 50; number++) index.insert(4080 + number % 16, number);
  for (uint32_t number = 1; number <= 50; number += 3) index.erase(4080 + number % 16, number);
  for (uint32_t number = 1; number <= 50; number++) {
    EXPECT_EQ(find(index, 4080 + number % 16, number), number % 3 == 1 ? 0 : number);
  }
}

}  // namespace
}  // namespace obj::directory
