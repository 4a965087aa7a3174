// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/object_name.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

constexpr const char* kHex = "00112233445566778899aabbccddeeff";

TEST(ObjectName, takes_32_hex_digits_of_either_case) {
  const auto lower = object_name_from(kHex);
  ASSERT_TRUE(lower);
  EXPECT_EQ(id_text(lower->id), kHex);
  EXPECT_EQ(lower->spelling, kHex);
  const auto upper = object_name_from("00112233445566778899AABBCCDDEEFF");
  ASSERT_TRUE(upper);
  EXPECT_EQ(id_text(upper->id), kHex);
}

TEST(ObjectName, takes_a_name_and_finds_the_id_of_libobj) {
  const auto named = object_name_from("name:model-7");
  ASSERT_TRUE(named);
  obj_id expected;
  obj_id_from_name("model-7", &expected);
  EXPECT_EQ(id_text(named->id), id_text(expected));
  EXPECT_EQ(named->spelling, "name:model-7");
  EXPECT_EQ(id_text(object_named("model-7").id), id_text(expected));
}

TEST(ObjectName, takes_any_text_as_a_name) {
  EXPECT_TRUE(object_name_from("name:name:"));
  EXPECT_TRUE(object_name_from("name: with blanks"));
}

TEST(ObjectName, refuses_everything_else) {
  for (const char* text : {"", "name:", "0011", "00112233445566778899aabbccddeef", "model-7",
                           "00112233445566778899aabbccddeeff0", "0x112233445566778899aabbccddeeff",
                           "g0112233445566778899aabbccddeeff", "NAME:model"}) {
    EXPECT_FALSE(object_name_from(text)) << text;
  }
}

}  // namespace
}  // namespace objctl
