// SPDX-License-Identifier: Apache-2.0
// tests/loopback/fork_test.cc -- a process with a client forks.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <map>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

class Fork : public testing::Test {
 protected:
  ObjdProcess objd_;
  Client client_ = objd_.open();
  const obj_id id_ = id_of("object");
};

// Calls with which the child of a fork tries its parent's client.
std::map<std::string, std::function<int()>> calls_on(obj_client* client, obj_view& view,
                                                     obj_buffer& buffer, obj_request*& request) {
  static const obj_id id = id_of("object");
  static obj_view other_view{};
  static obj_buffer other_buffer{};
  static obj_request* other_request = nullptr;
  static obj_info info{};
  static uint64_t cursor = 0;
  static size_t size = 0;
  static uint8_t ready = 0;
  static int number = 0;
  return {
      {"put", [=] { return obj_put(client, &id, "x", 1, nullptr, 0, 0); }},
      {"create", [=] { return obj_create(client, &id, 1, 0, 0, &other_buffer); }},
      {"seal", [=, &buffer] { return obj_seal(client, &buffer); }},
      {"abort", [=, &buffer] { return obj_abort(client, &buffer); }},
      {"get", [=] { return obj_get(client, &id, 0, &other_view); }},
      {"get_many", [=] { return obj_get_many(client, &id, 1, 0, &other_view, &number); }},
      {"release", [=, &view] { return obj_release(client, &view); }},
      {"release_many", [=, &view] { return obj_release_many(client, &view, 1); }},
      {"contains", [=] { return obj_contains(client, &id, &number); }},
      {"wait", [=] { return obj_wait(client, &id, 1, 1, 0, &ready, &size); }},
      {"delete", [=] { return obj_delete(client, &id); }},
      {"pin", [=] { return obj_pin(client, &id, "owner"); }},
      {"unpin", [=] { return obj_unpin(client, &id, "owner"); }},
      {"stat", [=] { return obj_stat(client, &id, &info); }},
      {"list", [=] { return obj_list(client, &cursor, &info, 1, &size); }},
      {"status", [=] { return obj_status(client, 0, nullptr, 0, &size); }},
      {"put_async",
       [=] { return obj_put_async(client, &id, "x", 1, nullptr, 0, 0, &other_request); }},
      {"create_async",
       [=] { return obj_create_async(client, &id, 1, 0, 0, &other_buffer, &other_request); }},
      {"seal_async", [=, &buffer] { return obj_seal_async(client, &buffer, &other_request); }},
      {"get_async", [=] { return obj_get_async(client, &id, 0, &other_view, &other_request); }},
      {"delete_async", [=] { return obj_delete_async(client, &id, &other_request); }},
      {"test", [=, &request] { return obj_test(client, &request, &number, nullptr); }},
      {"wait_all", [=, &request] { return obj_wait_all(client, &request, 1, 0, nullptr); }},
      {"cancel", [=, &request] { return obj_cancel(client, request); }},
  };
}

TEST_F(Fork, child_may_not_use_the_client_and_changes_nothing_of_it) {
  ASSERT_THAT(put(client_, id_, "bytes of the parent"), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(client_, id_, view), Gives(OBJ_OK));
  obj_buffer buffer{};
  const obj_id unsealed = id_of("unsealed");
  ASSERT_THAT(obj_create(client_.get(), &unsealed, 8, 0, 0, &buffer), Gives(OBJ_OK));
  obj_view late_view{};
  obj_request* request = nullptr;
  const obj_id late = id_of("late");
  ASSERT_THAT(obj_get_async(client_.get(), &late, OBJ_FOREVER, &late_view, &request),
              Gives(OBJ_OK));

  Child child([&](TalkLine& line) {
    std::string wrong;
    for (const auto& [name, call] : calls_on(client_.get(), view, buffer, request)) {
      const int status = call();
      if (status != OBJ_EFORKED) wrong += name + ": " + obj_status_name(status) + " ";
    }
    if (std::string_view(obj_last_error()).empty()) wrong += "no sentence ";
    if (data_of(view) != "bytes of the parent") wrong += "other bytes ";
    client_
        .reset();  // the child may close its parent's handle, which takes nothing from the parent
    line.say("wrong: " + wrong);
    return 0;
  });
  EXPECT_EQ(child.line().hear(), "wrong: ");
  EXPECT_EQ(child.wait(), 0);

  EXPECT_EQ(data_of(view), "bytes of the parent");
  EXPECT_EQ(status_of(client_)["sessions"][0]["views"], 1);
  ASSERT_THAT(put(client_, late, "late"), Gives(OBJ_OK));
  ASSERT_THAT(obj_wait_all(client_.get(), &request, 1, 10'000, nullptr), Gives(OBJ_OK));
  EXPECT_EQ(data_of(late_view), "late");
  EXPECT_THAT(obj_seal(client_.get(), &buffer), Gives(OBJ_OK));
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  EXPECT_THAT(obj_release(client_.get(), &late_view), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(client_, 3));
}

TEST_F(Fork, child_opens_a_client_of_its_own) {
  ASSERT_THAT(put(client_, id_, "bytes"), Gives(OBJ_OK));
  Child child([&](TalkLine&) {
    client_.reset();
    const Client own = objd_.open();
    obj_view view{};
    if (get(own, id_, view) != OBJ_OK || data_of(view) != "bytes") return 1;
    if (obj_release(own.get(), &view) != OBJ_OK) return 2;
    return put(own, id_of("of the child"), "x") == OBJ_OK ? 0 : 3;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(wait_until([&] { return status_of(client_)["sessions"].size() == 1; }));
  EXPECT_TRUE(contains(client_, id_of("of the child")));
  EXPECT_TRUE(is_at_rest(client_, 2));
}

TEST_F(Fork, what_a_killed_parent_held_comes_back_while_its_child_lives) {
  ASSERT_THAT(put(client_, id_, "bytes"), Gives(OBJ_OK));
  Child parent([&](TalkLine& line) {
    const Client own = objd_.open();
    obj_view view{};
    obj_buffer buffer{};
    const obj_id unsealed = id_of("unsealed");
    if (get(own, id_, view) != OBJ_OK) return 1;
    if (obj_create(own.get(), &unsealed, 100, 0, 0, &buffer) != OBJ_OK) return 2;
    // The child inherits the session's socket, keeps it open, and lives until the test hangs up.
    const pid_t child = ::fork();
    if (child == 0) {
      while (!line.hear().empty()) continue;
      ::_exit(0);
    }
    line.say(std::to_string(child));
    ::pause();
    return 0;
  });
  const std::string name = parent.line().hear();
  ASSERT_FALSE(name.empty());
  const pid_t grandchild = std::stoi(name);
  EXPECT_EQ(status_of(client_)["sessions"].size(), 2u);
  parent.kill();
  EXPECT_TRUE(
      wait_until([&] { return status_of(client_)["sessions"].size() == 1; }, 100 * kSlowness));
  EXPECT_EQ(::kill(grandchild, 0), 0) << "the child must have lived meanwhile";
  EXPECT_TRUE(is_at_rest(client_, 1));
}

}  // namespace
}  // namespace obj
