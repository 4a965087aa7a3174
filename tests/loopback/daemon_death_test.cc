// SPDX-License-Identifier: Apache-2.0
// tests/loopback/daemon_death_test.cc -- clients outlive objd: no hang, an error, bytes that stay.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

class DaemonDeath : public testing::Test {
 protected:
  ObjdProcess objd_;
  Client client_ = objd_.open();
  const obj_id id_ = id_of("object");
};

TEST_F(DaemonDeath, leaves_views_readable_and_ends_every_other_call) {
  const std::string data = pattern(100'000, 1);
  ASSERT_THAT(put(client_, id_, data), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(client_, id_, view), Gives(OBJ_OK));
  obj_buffer buffer{};
  const obj_id other = id_of("other");
  ASSERT_THAT(obj_create(client_.get(), &other, 8, 0, 0, &buffer), Gives(OBJ_OK));
  obj_view late_view{};
  obj_request* request = nullptr;
  const obj_id late = id_of("late");
  ASSERT_THAT(obj_get_async(client_.get(), &late, OBJ_FOREVER, &late_view, &request),
              Gives(OBJ_OK));
  objd_.kill();

  int status = OBJ_OK;
  EXPECT_THAT(obj_wait_all(client_.get(), &request, 1, OBJ_FOREVER, &status),
              Gives(OBJ_EDISCONNECTED));
  EXPECT_THAT(status, Gives(OBJ_EDISCONNECTED));
  EXPECT_EQ(request, nullptr);
  const std::map<std::string, std::function<int()>> calls{
      {"put", [&] { return put(client_, late, "x", {}, OBJ_FOREVER); }},
      {"large put", [&] { return put(client_, late, data, {}, OBJ_FOREVER); }},
      {"seal", [&] { return obj_seal(client_.get(), &buffer); }},
      {"get", [&] { return obj_get(client_.get(), &late, OBJ_FOREVER, &late_view); }},
      {"delete", [&] { return obj_delete(client_.get(), &id_); }},
      {"pin", [&] { return obj_pin(client_.get(), &id_, "owner"); }},
      {"status",
       [&] {
         size_t size;
         return obj_status(client_.get(), 0, nullptr, 0, &size);
       }},
  };
  for (const auto& [name, call] : calls) EXPECT_THAT(call(), Gives(OBJ_EDISCONNECTED)) << name;
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
}

TEST_F(DaemonDeath, wakes_a_client_that_sleeps_in_a_get) {
  Child killer([&](TalkLine&) {
    const Client watcher = objd_.open();
    if (!wait_until([&] { return status_of(watcher)["waiting"]["gets"] == 1; })) return 1;
    return ::kill(objd_.pid(), SIGKILL);
  });
  obj_view view{};
  EXPECT_THAT(get(client_, id_of("never"), view, OBJ_FOREVER), Gives(OBJ_EDISCONNECTED));
  EXPECT_EQ(killer.wait(), 0);
}

TEST_F(DaemonDeath, by_sigterm_is_noticed_alike) {
  ASSERT_THAT(put(client_, id_, "bytes"), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(client_, id_, view), Gives(OBJ_OK));
  EXPECT_EQ(objd_.terminate(), 0);
  EXPECT_THAT(put(client_, id_of("other"), "x"), Gives(OBJ_EDISCONNECTED));
  EXPECT_EQ(data_of(view), "bytes");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
}

TEST_F(DaemonDeath, does_not_confuse_old_clients_with_the_next_daemon) {
  ASSERT_THAT(put(client_, id_, "of the first"), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(client_, id_, view), Gives(OBJ_OK));
  objd_.kill();
  objd_.restart();
  const Client fresh = objd_.open();
  EXPECT_FALSE(contains(fresh, id_));
  ASSERT_THAT(put(fresh, id_, "of the second"), Gives(OBJ_OK));
  EXPECT_THAT(put(client_, id_of("other"), "x"), Gives(OBJ_EDISCONNECTED));
  EXPECT_EQ(data_of(view), "of the first");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(fresh, 1));
}

TEST_F(DaemonDeath, or_absence_is_told_at_open) {
  objd_.kill();
  obj_client* client = nullptr;
  EXPECT_THAT(obj_open(objd_.socket().c_str(), nullptr, &client), Gives(OBJ_EDISCONNECTED));
  EXPECT_THAT(obj_open("/nowhere/objd.sock", nullptr, &client), Gives(OBJ_EDISCONNECTED));
}

}  // namespace
}  // namespace obj
