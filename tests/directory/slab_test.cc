// SPDX-License-Identifier: Apache-2.0
// The slab: numbers from 1, records that stay where they are, reuse of what was released.
#include "directory/slab.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace obj::directory {
namespace {

using Numbers = Slab<uint64_t, 8>;

TEST(Slab, numbers_begin_at_one_and_records_keep_their_place) {
  Numbers slab;
  EXPECT_EQ(slab.allocate(), 1u);
  const uint64_t* first = &slab[1];
  for (uint32_t number = 2; number <= 1000; number++) {
    ASSERT_EQ(slab.allocate(), number);
    slab[number] = number;
  }
  EXPECT_EQ(&slab[1], first);
  for (uint32_t number = 2; number <= 1000; number++) EXPECT_EQ(slab[number], number);
  EXPECT_EQ(slab.end(), 1001u);
}

TEST(Slab, released_numbers_are_given_out_before_new_ones) {
  Numbers slab;
  for (int i = 0; i < 20; i++) slab.allocate();
  for (const uint32_t number : {3u, 20u, 7u}) slab.release(number);
  EXPECT_EQ(slab.used(), 17u);
  std::vector<uint32_t> again{slab.allocate(), slab.allocate(), slab.allocate()};
  std::ranges::sort(again);
  EXPECT_EQ(again, (std::vector<uint32_t>{3, 7, 20}));
  EXPECT_EQ(slab.allocate(), 21u);
}

}  // namespace
}  // namespace obj::directory
