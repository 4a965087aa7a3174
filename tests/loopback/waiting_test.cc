// SPDX-License-Identifier: Apache-2.0
// tests/loopback/waiting_test.cc -- get, multi-get and wait for objects that are still to come.
//
// Method: a real objd; the object comes from another process when the test says so.
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

class Waiting : public testing::Test {
 protected:
  // A process that creates "late", and seals it when it hears a word.
  Child late_creator() {
    Child child([this](TalkLine& line) {
      const Client client = objd_.open();
      const obj_id id = id_of("late");
      obj_buffer buffer{};
      if (obj_create(client.get(), &id, 4, 0, 0, &buffer) != OBJ_OK) return 1;
      line.say("created");
      line.hear();
      std::memcpy(buffer.data, "late", 4);
      const int sealed = obj_seal(client.get(), &buffer);
      line.hear();
      return sealed == OBJ_OK ? 0 : 2;
    });
    EXPECT_EQ(child.line().hear(), "created");
    return child;
  }

  ObjdProcess objd_;
  Client client_ = objd_.open();
  const obj_id late_ = id_of("late");
};

TEST_F(Waiting, get_ends_when_another_process_seals) {
  Child creator = late_creator();
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(client_.get(), &late_, OBJ_FOREVER, &view, &request), Gives(OBJ_OK));
  EXPECT_TRUE(wait_until([&] { return status_of(client_)["waiting"]["gets"] == 1; }));
  int done = 0;
  int status = 0;
  ASSERT_THAT(obj_test(client_.get(), &request, &done, &status), Gives(OBJ_OK));
  EXPECT_EQ(done, 0);
  creator.line().say("seal");
  ASSERT_THAT(obj_wait_all(client_.get(), &request, 1, 10'000, &status), Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "late");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  creator.line().say("end");
  EXPECT_EQ(creator.wait(), 0);
}

TEST_F(Waiting, get_blocks_until_another_process_seals) {
  Child creator = late_creator();
  // It seals once it sees in the daemon's state that somebody waits.
  Child sealer([&](TalkLine&) {
    const Client watcher = objd_.open();
    if (!wait_until([&] { return status_of(watcher)["waiting"]["gets"] == 1; })) return 1;
    creator.line().say("seal");
    return 0;
  });
  obj_view view{};
  ASSERT_THAT(get(client_, late_, view, OBJ_FOREVER), Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "late");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  EXPECT_EQ(sealer.wait(), 0);
}

TEST_F(Waiting, get_times_out_and_tells_whether_the_object_is_on_its_way) {
  obj_view view{};
  uint64_t start_ns = monotonic_ns();
  EXPECT_THAT(get(client_, late_, view, 30), Gives(OBJ_ENOTFOUND));
  EXPECT_GE(ms_since(start_ns), 30);
  EXPECT_LT(ms_since(start_ns), 1000 * kSlowness);
  Child creator = late_creator();
  start_ns = monotonic_ns();
  EXPECT_THAT(get(client_, late_, view, 30), Gives(OBJ_ETIMEOUT));
  EXPECT_GE(ms_since(start_ns), 30);
  EXPECT_EQ(status_of(client_)["waiting"]["gets"], 0);
  EXPECT_EQ(status_of(client_)["sessions"][0]["views"], 0);
}

TEST_F(Waiting, get_of_an_object_whose_creator_dies_times_out_and_the_next_create_serves_it) {
  Child creator = late_creator();
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(client_.get(), &late_, OBJ_FOREVER, &view, &request), Gives(OBJ_OK));
  creator.kill();
  EXPECT_TRUE(wait_until([&] { return put(client_, late_, "by another") == OBJ_OK; }));
  ASSERT_THAT(obj_wait_all(client_.get(), &request, 1, 10'000, nullptr), Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "by another");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
}

TEST_F(Waiting, multi_get_returns_what_came_in_time) {
  ASSERT_THAT(put(client_, id_of("here"), "here"), Gives(OBJ_OK));
  Child creator = late_creator();
  const std::array ids{id_of("here"), late_, id_of("here"), id_of("unknown")};
  std::array<obj_view, 4> views{};
  std::array<int, 4> statuses{};
  EXPECT_THAT(
      obj_get_many(client_.get(), ids.data(), ids.size(), 20, views.data(), statuses.data()),
      Gives(OBJ_ETIMEOUT));
  EXPECT_THAT(statuses, testing::ElementsAre(OBJ_OK, OBJ_ETIMEOUT, OBJ_OK, OBJ_ENOTFOUND));
  EXPECT_EQ(data_of(views[0]), "here");
  EXPECT_EQ(data_of(views[2]), "here");
  EXPECT_EQ(status_of(client_)["sessions"][0]["views"], 2);
  EXPECT_THAT(obj_release_many(client_.get(), views.data(), views.size()), Gives(OBJ_OK));
  EXPECT_EQ(status_of(client_)["sessions"][0]["views"], 0);

  creator.line().say("seal");
  EXPECT_THAT(obj_get_many(client_.get(), ids.data(), 3, 10'000, views.data(), statuses.data()),
              Gives(OBJ_OK));
  EXPECT_EQ(data_of(views[1]), "late");
  EXPECT_THAT(obj_release_many(client_.get(), views.data(), 3), Gives(OBJ_OK));
}

TEST_F(Waiting, wait_ends_with_the_wanted_number_and_pins_nothing) {
  ASSERT_THAT(put(client_, id_of("a"), "a"), Gives(OBJ_OK));
  Child creator = late_creator();
  const std::array ids{id_of("a"), late_, id_of("unknown"), id_of("a")};
  std::array<uint8_t, 4> ready{};
  size_t ready_count = 0;
  const auto wait_for = [&](size_t wanted, int32_t timeout_ms) {
    return obj_wait(client_.get(), ids.data(), ids.size(), wanted, timeout_ms, ready.data(),
                    &ready_count);
  };
  EXPECT_THAT(wait_for(2, OBJ_FOREVER), Gives(OBJ_OK));  // a duplicate counts twice
  EXPECT_EQ(ready_count, 2u);
  EXPECT_THAT(ready, testing::ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(wait_for(3, 20), Gives(OBJ_ETIMEOUT));
  EXPECT_EQ(ready_count, 2u);
  creator.line().say("seal");
  EXPECT_THAT(wait_for(3, 10'000), Gives(OBJ_OK));
  EXPECT_THAT(ready, testing::ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(wait_for(0, 0), Gives(OBJ_OK));
  EXPECT_THAT(wait_for(5, 0), Gives(OBJ_EINVAL));
  // What the answered calls asked for besides is forgotten by the daemon.
  EXPECT_TRUE(wait_until([&] { return status_of(client_)["waiting"]["gets"] == 0; }));
  EXPECT_EQ(status_of(client_)["sessions"][0]["views"], 0);
}

}  // namespace
}  // namespace obj
