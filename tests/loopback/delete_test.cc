// SPDX-License-Identifier: Apache-2.0
// tests/loopback/delete_test.cc -- deletes, also under readers and creators, and where memory goes.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

class Delete : public testing::Test {
 protected:
  uint64_t free_bytes() { return status_of(client_)["arena"]["free_bytes"]; }
  int remove(const obj_id& id) { return obj_delete(client_.get(), &id); }

  InProcessNode node_;
  Client client_ = node_.open();
  const obj_id id_ = id_of("object");
};

TEST_F(Delete, gives_memory_and_id_back) {
  const uint64_t free_before = free_bytes();
  for (const size_t size_bytes : {0u, 100u, 4096u, 1'000'000u}) {
    ASSERT_THAT(put(client_, id_, pattern(size_bytes, size_bytes)), Gives(OBJ_OK));
    EXPECT_THAT(remove(id_), Gives(OBJ_OK));
    EXPECT_FALSE(contains(client_, id_));
    EXPECT_EQ(free_bytes(), free_before);
  }
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(Delete, of_what_is_not_there_is_a_success) { EXPECT_THAT(remove(id_), Gives(OBJ_OK)); }

TEST_F(Delete, leaves_views_valid_and_returns_the_memory_once_when_the_last_is_released) {
  const uint64_t free_before = free_bytes();
  const std::string old_data = pattern(50'000, 1);
  ASSERT_THAT(put(client_, id_, old_data), Gives(OBJ_OK));
  const Client other = node_.open();
  obj_view first{};
  obj_view second{};
  ASSERT_THAT(get(client_, id_, first), Gives(OBJ_OK));
  ASSERT_THAT(get(other, id_, second), Gives(OBJ_OK));
  ASSERT_THAT(remove(id_), Gives(OBJ_OK));

  // The id is free at once, and the new object is another one.
  const std::string new_data = pattern(60'000, 2);
  ASSERT_THAT(put(client_, id_, new_data), Gives(OBJ_OK));
  obj_view third{};
  ASSERT_THAT(get(client_, id_, third), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(third) == new_data);
  EXPECT_TRUE(data_of(first) == old_data);
  EXPECT_EQ(status_of(client_)["ledger"]["withdrawn"]["objects"], 1);

  EXPECT_THAT(obj_release(client_.get(), &first), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(second) == old_data);
  EXPECT_EQ(status_of(client_)["ledger"]["withdrawn"]["objects"], 1);
  EXPECT_THAT(obj_release(other.get(), &second), Gives(OBJ_OK));
  EXPECT_TRUE(
      wait_until([&] { return status_of(client_)["ledger"]["withdrawn"]["objects"] == 0; }));

  EXPECT_TRUE(data_of(third) == new_data);
  EXPECT_THAT(obj_release(client_.get(), &third), Gives(OBJ_OK));
  EXPECT_THAT(remove(id_), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] { return free_bytes() == free_before; }));
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(Delete, of_an_object_under_construction_takes_effect_when_its_creator_is_done) {
  const uint64_t free_before = free_bytes();
  for (const bool seals : {true, false}) {
    obj_buffer buffer{};
    ASSERT_THAT(obj_create(client_.get(), &id_, 10'000, 0, 0, &buffer), Gives(OBJ_OK));
    const Client other = node_.open();
    ASSERT_THAT(obj_delete(other.get(), &id_), Gives(OBJ_OK));
    std::memset(buffer.data, 1, buffer.data_bytes);  // still the creator's memory
    const int done = seals ? obj_seal(client_.get(), &buffer) : obj_abort(client_.get(), &buffer);
    if (seals) {
      EXPECT_THAT(done, Gives(OBJ_ENOTFOUND));
    }
    EXPECT_FALSE(contains(client_, id_));
    EXPECT_TRUE(wait_until([&] { return free_bytes() == free_before; }));
  }
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(Delete, disregards_pins_by_owner) {
  ASSERT_THAT(put(client_, id_, "bytes"), Gives(OBJ_OK));
  ASSERT_THAT(obj_pin(client_.get(), &id_, "owner"), Gives(OBJ_OK));
  ASSERT_THAT(remove(id_), Gives(OBJ_OK));
  EXPECT_THAT(obj_unpin(client_.get(), &id_, "owner"), Gives(OBJ_ENOTFOUND));
  EXPECT_TRUE(is_at_rest(client_, 0));
  EXPECT_EQ(status_of(client_)["ledger"]["owner_pinned"]["objects"], 0);
}

TEST_F(Delete, of_many_thousand_ids_in_turn_loses_no_memory) {
  const uint64_t free_before = free_bytes();
  for (uint64_t round = 0; round < 5'000; round++) {
    ASSERT_THAT(put(client_, id_, pattern(round % 200, round)), Gives(OBJ_OK));
    ASSERT_THAT(remove(id_), Gives(OBJ_OK));
  }
  EXPECT_EQ(free_bytes(), free_before);
  EXPECT_TRUE(is_at_rest(client_, 0));
}

}  // namespace
}  // namespace obj
