// SPDX-License-Identifier: Apache-2.0
// tests/client/ids_test.cc -- ids, names of statuses, version: what needs no daemon.
#include <gtest/gtest.h>
#include <obj/obj.h>

#include <cstring>
#include <set>
#include <string>

#include "tests/client/support/open_client.hh"

namespace obj::test {
namespace {

TEST(Ids, hex_round_trips) {
  obj_id id;
  obj_id_random(&id);
  char text[2 * OBJ_ID_BYTES + 1];
  obj_id_to_hex(&id, text);
  EXPECT_EQ(std::strlen(text), 32u);
  obj_id back{};
  EXPECT_EQ(obj_id_from_hex(text, &back), OBJ_OK);
  EXPECT_EQ(object_id(back), object_id(id));
}

TEST(Ids, hex_refuses_everything_else) {
  obj_id id{};
  for (const char* text :
       {"", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdefa",
        "0123456789abcdef0123456789abcdeg"}) {
    EXPECT_EQ(obj_id_from_hex(text, &id), OBJ_EINVAL) << text;
  }
  EXPECT_EQ(obj_id_from_hex(nullptr, &id), OBJ_EINVAL);
  EXPECT_EQ(object_id(id), ObjectId{});
}

TEST(Ids, bytes_are_taken_as_they_are) {
  const char bytes[] = "0123456789abcdef";
  obj_id id;
  obj_id_from_bytes(bytes, &id);
  EXPECT_EQ(std::memcmp(id.bytes, bytes, OBJ_ID_BYTES), 0);
}

TEST(Ids, random_ones_differ) {
  std::set<ObjectId> seen;
  for (int i = 0; i < 1000; i++) {
    obj_id id;
    obj_id_random(&id);
    EXPECT_TRUE(seen.insert(object_id(id)).second);
  }
}

TEST(Ids, equal_names_give_equal_ids) {
  EXPECT_EQ(object_id(id_named("a")), object_id(id_named("a")));
  EXPECT_NE(object_id(id_named("a")), object_id(id_named("b")));
  // XXH3-128 of the empty string, in canonical byte order.
  EXPECT_EQ(to_hex(object_id(id_named(""))), "99aa06d3014798d86001c324468d497f");
}

TEST(Statuses, each_has_its_name) {
  std::set<std::string> names;
  for (int status = 0; status >= OBJ_EUNAVAILABLE; status--) names.insert(obj_status_name(status));
  EXPECT_EQ(names.size(), 16u);
  EXPECT_STREQ(obj_status_name(OBJ_ENOTFOUND), "OBJ_ENOTFOUND");
  EXPECT_STREQ(obj_status_name(1), "unknown status");
}

TEST(Statuses, version_has_three_numbers) {
  int major;
  int minor;
  int patch;
  EXPECT_EQ(std::sscanf(obj_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

}  // namespace
}  // namespace obj::test
