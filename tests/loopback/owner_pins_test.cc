// SPDX-License-Identifier: Apache-2.0
// tests/loopback/owner_pins_test.cc -- pins in the name of an owner, which outlive their client.
#include <gtest/gtest.h>

#include <string>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"

namespace obj {
namespace {

class OwnerPins : public testing::Test {
 protected:
  InProcessNode node_;
  Client client_ = node_.open();
  const obj_id id_ = id_of("kept");
};

TEST_F(OwnerPins, keep_an_object_after_their_client_is_gone_until_they_end) {
  const std::string data = pattern(1 << 20, 1);
  {
    const Client owner = node_.open();
    ASSERT_THAT(put(owner, id_, data), Gives(OBJ_OK));
    ASSERT_THAT(obj_pin(owner.get(), &id_, "job 7"), Gives(OBJ_OK));
  }
  const auto churn = [&](int from) {
    for (int n = from; n < from + 64; n++) {
      ASSERT_THAT(put(client_, id_of(std::to_string(n)), std::string(1 << 20, 'x')), Gives(OBJ_OK));
    }
  };
  churn(0);
  obj_view view{};
  ASSERT_THAT(get(client_, id_, view), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  EXPECT_EQ(status_of(client_)["ledger"]["owner_pinned"]["objects"], 1);

  ASSERT_THAT(obj_unpin(client_.get(), &id_, "job 7"), Gives(OBJ_OK));
  churn(64);
  EXPECT_FALSE(contains(client_, id_));
  EXPECT_EQ(status_of(client_, true)["audit"]["agrees"], true);
}

TEST_F(OwnerPins, are_counted_by_owner) {
  ASSERT_THAT(put(client_, id_, "bytes"), Gives(OBJ_OK));
  for (const char* owner : {"one", "two", "one"}) {
    EXPECT_THAT(obj_pin(client_.get(), &id_, owner), Gives(OBJ_OK));
  }
  obj_info info{};
  ASSERT_THAT(obj_stat(client_.get(), &id_, &info), Gives(OBJ_OK));
  EXPECT_EQ(info.owner_pins, 2u);
  EXPECT_THAT(obj_unpin(client_.get(), &id_, "one"), Gives(OBJ_OK));
  EXPECT_THAT(obj_unpin(client_.get(), &id_, "one"), Gives(OBJ_ENOTOWNER));
  EXPECT_THAT(obj_unpin(client_.get(), &id_, "three"), Gives(OBJ_ENOTOWNER));
  EXPECT_THAT(obj_unpin(client_.get(), &id_, "two"), Gives(OBJ_OK));
  EXPECT_EQ(status_of(client_)["ledger"]["owner_pinned"]["objects"], 0);
}

TEST_F(OwnerPins, need_an_object_and_a_name_of_1_to_31_bytes) {
  EXPECT_THAT(obj_pin(client_.get(), &id_, "owner"), Gives(OBJ_ENOTFOUND));
  EXPECT_THAT(obj_unpin(client_.get(), &id_, "owner"), Gives(OBJ_ENOTFOUND));
  ASSERT_THAT(put(client_, id_, "bytes"), Gives(OBJ_OK));
  EXPECT_THAT(obj_pin(client_.get(), &id_, ""), Gives(OBJ_EINVAL));
  EXPECT_THAT(obj_pin(client_.get(), &id_, std::string(32, 'o').c_str()), Gives(OBJ_EINVAL));
  EXPECT_THAT(obj_pin(client_.get(), &id_, std::string(31, 'o').c_str()), Gives(OBJ_OK));
  EXPECT_THAT(obj_unpin(client_.get(), &id_, std::string(31, 'o').c_str()), Gives(OBJ_OK));
}

}  // namespace
}  // namespace obj
