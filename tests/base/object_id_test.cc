// SPDX-License-Identifier: Apache-2.0
// Ids: their text form, ids from names (the same in every language with xxhash), hashing.
#include "base/object_id.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <unordered_set>

namespace obj {
namespace {

constexpr std::string_view kHex = "000102030405060708090a0b0c0d0eff";

TEST(ObjectId, hex_has_the_first_byte_first) {
  const ObjectId id = object_id_from_hex(kHex).value();
  EXPECT_EQ(id.bytes[0], 0x00);
  EXPECT_EQ(id.bytes[1], 0x01);
  EXPECT_EQ(id.bytes[15], 0xff);
  EXPECT_EQ(to_hex(id), kHex);
}

TEST(ObjectId, hex_round_trips_any_id) {
  for (int i = 0; i < 1000; i++) {
    const ObjectId id = random_object_id();
    ASSERT_EQ(object_id_from_hex(to_hex(id)), id);
  }
  EXPECT_EQ(object_id_from_hex(to_hex(ObjectId{})), ObjectId{});
}

TEST(ObjectId, hex_is_read_in_either_case_and_written_in_lower_case) {
  const auto id = object_id_from_hex("ABCDEFabcdef00000000000000000000");
  ASSERT_TRUE(id);
  EXPECT_EQ(to_hex(*id), "abcdefabcdef00000000000000000000");
}

TEST(ObjectId, hex_of_another_length_is_refused) {
  EXPECT_FALSE(object_id_from_hex(""));
  EXPECT_FALSE(object_id_from_hex(kHex.substr(1)));
  EXPECT_FALSE(object_id_from_hex(std::string(kHex) + "0"));
}

TEST(ObjectId, each_character_that_is_no_hex_digit_is_refused_at_each_place) {
  for (size_t place = 0; place < kHex.size(); place++) {
    for (int byte = 0; byte < 256; byte++) {
      std::string text(kHex);
      text[place] = static_cast<char>(byte);
      const bool digit = std::string_view("0123456789abcdefABCDEF").contains(text[place]);
      ASSERT_EQ(object_id_from_hex(text).has_value(), digit) << "byte " << byte;
    }
  }
}

// The specification's empty-input value, then values computed with the xxhash program (xxhsum -H2).
TEST(ObjectId, from_name_equals_what_other_programs_compute) {
  EXPECT_EQ(to_hex(object_id_from_name("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_hex(object_id_from_name("a")), "a96faf705af16834e6c632b61e964e1f");
  EXPECT_EQ(to_hex(object_id_from_name("hello, object store")), "98e252f4b94a60f330f11983791f6104");
  EXPECT_EQ(to_hex(object_id_from_name(std::string(1000, 'x'))),
            "50a1af5a5f2dcf01c0a4877b962cba82");
}

TEST(ObjectId, from_name_takes_the_whole_name_nul_included) {
  EXPECT_NE(object_id_from_name(std::string_view("a\0b", 3)), object_id_from_name("a"));
}

TEST(ObjectId, random_ids_differ) {
  std::set<ObjectId> ids;
  for (int i = 0; i < 1000; i++) ids.insert(random_object_id());
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(ObjectId, hash_depends_on_the_seed_and_on_each_byte) {
  const ObjectId id = object_id_from_hex(kHex).value();
  EXPECT_EQ(hash(id, 1), hash(id, 1));
  EXPECT_NE(hash(id, 1), hash(id, 2));
  for (size_t place = 0; place < ObjectId::kBytes; place++) {
    ObjectId other = id;
    other.bytes[place] ^= 1;
    EXPECT_NE(hash(id, 1), hash(other, 1)) << "byte " << place;
  }
}

// Ids that users count up must not crowd into few buckets.
TEST(ObjectId, hash_spreads_ids_that_differ_in_one_counter) {
  constexpr size_t kBuckets = 1024;
  std::array<int, kBuckets> load{};
  for (uint32_t i = 0; i < 16 * kBuckets; i++) {
    ObjectId id;
    id.bytes[12] = static_cast<uint8_t>(i >> 8);
    id.bytes[15] = static_cast<uint8_t>(i);
    load[hash(id, 99) % kBuckets]++;
  }
  EXPECT_LT(*std::max_element(load.begin(), load.end()), 64);
}

TEST(ObjectId, works_in_an_unordered_container) {
  std::unordered_set<ObjectId, ObjectIdHash> ids;
  const ObjectId id = random_object_id();
  ids.insert(id);
  ids.insert(id);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_TRUE(ids.contains(id));
}

}  // namespace
}  // namespace obj
