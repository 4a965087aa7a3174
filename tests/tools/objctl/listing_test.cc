// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/listing.hh"

#include <gtest/gtest.h>

#include <cstring>

#include "tools/objctl/json_fields.hh"

namespace objctl {
namespace {

obj_info info_of(uint8_t id, uint64_t data_bytes, uint32_t state = OBJ_STATE_SEALED) {
  obj_info info = {};
  std::memset(info.id.bytes, id, OBJ_ID_BYTES);
  info.data_bytes = data_bytes;
  info.metadata_bytes = 7;
  info.state = state;
  info.generation = 3;
  return info;
}

std::string ids(const std::vector<obj_info>& infos) {
  std::string text;
  for (const obj_info& info : infos) text += static_cast<char>('0' + info.id.bytes[0]);
  return text;
}

std::string sorted(ListingOrder order) {
  std::vector<obj_info> infos = {info_of(3, 10), info_of(1, 30, OBJ_STATE_CREATING), info_of(4, 20),
                                 info_of(2, 10)};
  sort_listing(infos, order);
  return ids(infos);
}

TEST(ListingOrder, sorts_by_the_key_and_then_by_id) {
  using Key = ListingOrder::Key;
  EXPECT_EQ(sorted({Key::kId, false}), "1234");
  EXPECT_EQ(sorted({Key::kId, true}), "4321");
  EXPECT_EQ(sorted({Key::kSize, false}), "2341");
  EXPECT_EQ(sorted({Key::kSize, true}), "1432");
  EXPECT_EQ(sorted({Key::kState, false}), "1234");
  EXPECT_EQ(sorted({Key::kState, true}), "4321");
  EXPECT_EQ(sorted({Key::kNone, true}), "3142");
}

TEST(ListingFilter, admits_all_when_it_names_nothing) {
  EXPECT_TRUE(ListingFilter().admits(info_of(1, 0, OBJ_STATE_CREATING)));
  EXPECT_TRUE(ListingFilter().admits(info_of(1, 0, 99)));
}

TEST(ListingFilter, admits_what_meets_all_of_its_conditions) {
  const ListingFilter filter{"0101", {OBJ_STATE_SEALED, OBJ_STATE_LEAVING}, 100};
  EXPECT_TRUE(filter.admits(info_of(1, 100)));
  EXPECT_TRUE(filter.admits(info_of(1, 101, OBJ_STATE_LEAVING)));
  EXPECT_FALSE(filter.admits(info_of(1, 99)));
  EXPECT_FALSE(filter.admits(info_of(2, 100)));
  EXPECT_FALSE(filter.admits(info_of(1, 100, OBJ_STATE_CREATING)));
}

TEST(StateText, reads_back) {
  for (const uint32_t state : {OBJ_STATE_CREATING, OBJ_STATE_SEALED, OBJ_STATE_LEAVING}) {
    EXPECT_EQ(state_from(state_text(state)), state);
  }
  EXPECT_EQ(state_text(77), "77");
  EXPECT_EQ(state_from("gone"), std::nullopt);
}

// Each column begins or ends at the same place in the header and in every row.
TEST(ListingRow, stands_under_its_header) {
  const obj_info info = info_of(0xab, 1536);
  EXPECT_EQ(listing_header({}) + listing_row(info, {}),
            "ID                                      SIZE  STATE\n"
            "abababababababababababababababab      1.5KiB  sealed\n");
  const ListingColumns exact{false, true, false};
  EXPECT_EQ(listing_header(exact) + listing_row(info, exact),
            "ID                                               BYTES  STATE\n"
            "abababababababababababababababab                  1536  sealed\n");
  const ListingColumns ids_only{true, true, true};
  EXPECT_EQ(listing_header(ids_only) + listing_row(info, ids_only),
            "abababababababababababababababab\n");
}

TEST(ListingRow, tells_everything_when_long) {
  obj_info info = info_of(0xab, 1536, OBJ_STATE_CREATING);
  info.views = 2;
  info.owner_pins = 1;
  info.creator_pid = 4711;
  const ListingColumns all{true, false, false};
  EXPECT_EQ(
      listing_header(all) + listing_row(info, all),
      "ID                                      SIZE                 BYTES    METADATA  STATE"
      "     VIEWS  PINS   CREATOR  GENERATION\n"
      "abababababababababababababababab      1.5KiB                  1536           7  creating"
      "      2     1      4711  3\n");
}

TEST(ListingJson, is_one_object_on_one_line) {
  const std::string line = listing_json(info_of(0xab, UINT64_MAX), false);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json json = Json::parse(line);
  EXPECT_EQ(json["id"], "abababababababababababababababab");
  EXPECT_EQ(json["state"], "sealed");
  EXPECT_EQ(json["data_bytes"], UINT64_MAX);
  EXPECT_EQ(json["metadata_bytes"], 7);
  EXPECT_EQ(json["generation"], 3);
  EXPECT_FALSE(json.contains("views"));
}

TEST(ListingJson, tells_what_only_stat_knows_when_long) {
  obj_info info = info_of(1, 2);
  info.views = 5;
  info.owner_pins = 6;
  info.creator_pid = 7;
  const Json json = Json::parse(listing_json(info, true));
  EXPECT_EQ(json["views"], 5);
  EXPECT_EQ(json["owner_pins"], 6);
  EXPECT_EQ(json["creator_pid"], 7);
}

}  // namespace
}  // namespace objctl
