// SPDX-License-Identifier: Apache-2.0
// tests/loopback/browse_test.cc -- stat, list, contains and status.
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"

namespace obj {
namespace {

class Browse : public testing::Test {
 protected:
  std::multiset<std::string> listed(size_t capacity) {
    std::multiset<std::string> names;
    std::vector<obj_info> infos(capacity);
    uint64_t cursor = 0;
    do {
      size_t count = 0;
      EXPECT_THAT(obj_list(client_.get(), &cursor, infos.data(), capacity, &count), Gives(OBJ_OK));
      for (size_t i = 0; i < count; i++) {
        char hex[2 * OBJ_ID_BYTES + 1];
        obj_id_to_hex(&infos[i].id, hex);
        names.insert(hex);
      }
    } while (cursor != 0);
    return names;
  }

  InProcessNode node_;
  Client client_ = node_.open();
};

TEST_F(Browse, stat_tells_the_life_of_an_object) {
  const obj_id id = id_of("object");
  obj_info info{};
  EXPECT_THAT(obj_stat(client_.get(), &id, &info), Gives(OBJ_ENOTFOUND));
  obj_buffer buffer{};
  ASSERT_THAT(obj_create(client_.get(), &id, 1000, 20, 0, &buffer), Gives(OBJ_OK));
  ASSERT_THAT(obj_stat(client_.get(), &id, &info), Gives(OBJ_OK));
  EXPECT_EQ(info.state, static_cast<uint32_t>(OBJ_STATE_CREATING));
  EXPECT_EQ(info.creator_pid, ::getpid());
  ASSERT_THAT(obj_seal(client_.get(), &buffer), Gives(OBJ_OK));

  const Client other = node_.open();
  obj_view view{};
  ASSERT_THAT(get(other, id, view), Gives(OBJ_OK));
  ASSERT_THAT(obj_stat(client_.get(), &id, &info), Gives(OBJ_OK));
  EXPECT_TRUE(info.id == id);
  EXPECT_EQ(info.state, static_cast<uint32_t>(OBJ_STATE_SEALED));
  EXPECT_EQ(info.data_bytes, 1000u);
  EXPECT_EQ(info.metadata_bytes, 20u);
  EXPECT_EQ(info.views, 1u);
  EXPECT_EQ(info.creator_pid, 0);
  const uint64_t generation = info.generation;
  EXPECT_THAT(obj_release(other.get(), &view), Gives(OBJ_OK));

  ASSERT_THAT(obj_delete(client_.get(), &id), Gives(OBJ_OK));
  ASSERT_THAT(put(client_, id, "again"), Gives(OBJ_OK));
  ASSERT_THAT(obj_stat(client_.get(), &id, &info), Gives(OBJ_OK));
  EXPECT_EQ(info.data_bytes, 5u);
  EXPECT_NE(info.generation, generation);
}

TEST_F(Browse, list_names_each_object_once_in_pieces_of_any_size) {
  std::multiset<std::string> expected;
  for (int n = 0; n < 500; n++) {
    const obj_id id = id_of(std::to_string(n));
    ASSERT_THAT(put(client_, id, std::string(static_cast<size_t>(n), 'x')), Gives(OBJ_OK));
    char hex[2 * OBJ_ID_BYTES + 1];
    obj_id_to_hex(&id, hex);
    expected.insert(hex);
  }
  for (const size_t capacity : {size_t{1}, size_t{7}, size_t{500}, size_t{5000}}) {
    EXPECT_EQ(listed(capacity), expected) << capacity;
  }
}

TEST_F(Browse, list_tells_state_and_sizes) {
  EXPECT_TRUE(listed(10).empty());
  ASSERT_THAT(put(client_, id_of("object"), "data", "metadata"), Gives(OBJ_OK));
  uint64_t cursor = 0;
  obj_info info{};
  size_t count = 0;
  ASSERT_THAT(obj_list(client_.get(), &cursor, &info, 1, &count), Gives(OBJ_OK));
  ASSERT_EQ(count, 1u);
  EXPECT_TRUE(info.id == id_of("object"));
  EXPECT_EQ(info.state, static_cast<uint32_t>(OBJ_STATE_SEALED));
  EXPECT_EQ(info.data_bytes, 4u);
  EXPECT_EQ(info.metadata_bytes, 8u);
}

TEST_F(Browse, status_is_cut_to_the_buffer_and_says_how_much_there_is) {
  size_t needed_bytes = 0;
  ASSERT_THAT(obj_status(client_.get(), 0, nullptr, 0, &needed_bytes), Gives(OBJ_OK));
  EXPECT_GT(needed_bytes, 100u);
  std::array<char, 16> text;
  text.fill('x');
  ASSERT_THAT(obj_status(client_.get(), 0, text.data(), text.size(), &needed_bytes), Gives(OBJ_OK));
  EXPECT_EQ(text.back(), '\0');
  EXPECT_EQ(std::string_view(text.data()).size(), text.size() - 1);
}

TEST_F(Browse, status_names_the_sessions_and_what_they_hold) {
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.name = "train.py";
  options.flags = OBJ_READ_ONLY;
  const Client reader = node_.open(options);
  ASSERT_THAT(put(client_, id_of("object"), "bytes"), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(reader, id_of("object"), view), Gives(OBJ_OK));
  const nlohmann::json status = status_of(client_, true);
  ASSERT_EQ(status["sessions"].size(), 2u);
  const nlohmann::json& session = status["sessions"][1];
  EXPECT_EQ(session["name"], "train.py");
  EXPECT_EQ(session["pid"], ::getpid());
  EXPECT_EQ(session["read_only"], true);
  EXPECT_EQ(session["views"], 1);
  EXPECT_EQ(status["audit"]["agrees"], true);
  EXPECT_EQ(status["counters"]["puts"], 1);
  EXPECT_THAT(obj_release(reader.get(), &view), Gives(OBJ_OK));
}

}  // namespace
}  // namespace obj
