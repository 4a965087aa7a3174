// SPDX-License-Identifier: Apache-2.0
// tests/loopback/full_arena_test.cc -- when memory runs short: who waits, who goes, what is said.
//
// Method: a real objd with 16 MiB. Its memory is taken with objects of 1 MiB that are held by
// views, owners or creators, so that the test decides when some comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr int kPlaces = 16;

class FullArena : public testing::Test {
 protected:
  static obj_id numbered(int number) { return id_of("number " + std::to_string(number)); }

  void put_numbered(int number) {
    const std::string data(kMiB, static_cast<char>(number));
    ASSERT_THAT(put(client_, numbered(number), data), Gives(OBJ_OK)) << number;
  }

  // Objects 0..15, all of memory, each with a view of the holder.
  void fill_with_views() {
    for (int number = 0; number < kPlaces; number++) {
      put_numbered(number);
      views_.emplace_back();
      ASSERT_THAT(get(holder_, numbered(number), views_.back()), Gives(OBJ_OK));
    }
  }

  obj_request* start_create(const std::string& name, uint64_t size_bytes, obj_buffer& buffer) {
    const obj_id id = id_of(name);
    obj_request* request = nullptr;
    EXPECT_THAT(obj_create_async(client_.get(), &id, size_bytes, 0, OBJ_FOREVER, &buffer, &request),
                Gives(OBJ_OK));
    return request;
  }

  bool is_done(obj_request*& request) {
    int done = 0;
    int status = OBJ_OK;
    EXPECT_THAT(obj_test(client_.get(), &request, &done, &status), Gives(OBJ_OK));
    EXPECT_EQ(status, OBJ_OK);
    return done == 1;
  }

  void release(int number) {
    const auto index = static_cast<size_t>(number);
    EXPECT_THAT(obj_release(holder_.get(), &views_[index]), Gives(OBJ_OK));
  }

  size_t waiting_creates() { return status_of(holder_)["waiting"]["creates"]; }

  ObjdProcess objd_;
  Client client_ = objd_.open();
  Client holder_ = objd_.open();
  std::vector<obj_view> views_;
};

TEST_F(FullArena, evicts_the_least_recently_used) {
  for (int number = 0; number < kPlaces; number++) put_numbered(number);
  for (const int used : {0, 3, 4}) {
    obj_view view{};
    ASSERT_THAT(get(client_, numbered(used), view), Gives(OBJ_OK));
    EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  }
  for (int number = kPlaces; number < kPlaces + 13; number++) put_numbered(number);
  for (int number = 0; number < kPlaces; number++) {
    const bool was_used = number == 0 || number == 3 || number == 4;
    EXPECT_EQ(contains(client_, numbered(number)), was_used) << number;
  }
  put_numbered(100);
  EXPECT_FALSE(contains(client_, numbered(0)));
  EXPECT_TRUE(contains(client_, numbered(3)));
  EXPECT_TRUE(is_at_rest(client_, kPlaces));
}

TEST_F(FullArena, evicts_what_is_not_held) {
  fill_with_views();
  release(5);
  release(11);
  put_numbered(20);
  put_numbered(21);
  for (int number = 0; number < kPlaces; number++) {
    EXPECT_EQ(contains(client_, numbered(number)), number != 5 && number != 11) << number;
    const std::string_view data = data_of(views_[static_cast<size_t>(number)]);
    if (number == 5 || number == 11) continue;
    EXPECT_EQ(data.find_first_not_of(static_cast<char>(number)), std::string_view::npos) << number;
  }
}

TEST_F(FullArena, tells_at_the_deadline_who_holds_the_memory) {
  fill_with_views();
  const uint64_t start_ns = monotonic_ns();
  EXPECT_EQ(put(client_, id_of("more"), std::string(kMiB, 'x'), {}, 40), OBJ_ENOMEM);
  const std::string message = obj_last_error();
  EXPECT_GE(ms_since(start_ns), 40);
  EXPECT_LT(ms_since(start_ns), 1000 * kSlowness);
  EXPECT_THAT(message, testing::HasSubstr("pid " + std::to_string(::getpid())));
  EXPECT_THAT(message, testing::HasSubstr("16 MiB in 16"));
  EXPECT_FALSE(contains(client_, id_of("more")));
  EXPECT_EQ(waiting_creates(), 0u);

  // Small objects wait alike.
  EXPECT_EQ(put(client_, id_of("more"), "small", {}, 0), OBJ_ENOMEM);
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("pid " + std::to_string(::getpid())));
}

TEST_F(FullArena, tells_of_owners_and_creators_too) {
  for (int number = 0; number < 10; number++) {
    put_numbered(number);
    const obj_id id = numbered(number);
    ASSERT_THAT(obj_pin(client_.get(), &id, "the owner"), Gives(OBJ_OK));
  }
  obj_buffer buffer{};
  const obj_id unsealed = id_of("unsealed");
  ASSERT_THAT(obj_create(client_.get(), &unsealed, 6 * kMiB, 0, 0, &buffer), Gives(OBJ_OK));
  EXPECT_EQ(put(client_, id_of("more"), "more"), OBJ_ENOMEM);
  const std::string message = obj_last_error();
  EXPECT_THAT(message, testing::HasSubstr("10 MiB in 10 pinned by owner the owner"));
  EXPECT_THAT(message,
              testing::HasSubstr("6 MiB in 1 unsealed by pid " + std::to_string(::getpid())));
  EXPECT_THAT(obj_abort(client_.get(), &buffer), Gives(OBJ_OK));
  EXPECT_THAT(put(client_, id_of("more"), "more"), Gives(OBJ_OK));
}

// The daemon looks anew every 10 ms in any case; an event is much quicker.
TEST_F(FullArena, grants_a_waiting_create_at_once_when_a_reader_releases) {
  fill_with_views();
  std::vector<double> delays_ms;
  for (int number = 0; number < kPlaces; number++) {
    obj_buffer buffer{};
    obj_request* request = start_create("waiting " + std::to_string(number), kMiB, buffer);
    ASSERT_TRUE(wait_until([&] { return waiting_creates() == 1; }));
    EXPECT_FALSE(is_done(request));
    const uint64_t released_ns = monotonic_ns();
    release(number);
    ASSERT_THAT(obj_wait_all(client_.get(), &request, 1, 10'000, nullptr), Gives(OBJ_OK));
    delays_ms.push_back(ms_since(released_ns));
    ASSERT_THAT(obj_seal(client_.get(), &buffer), Gives(OBJ_OK));
    obj_view kept{};
    ASSERT_THAT(get(holder_, id_of("waiting " + std::to_string(number)), kept), Gives(OBJ_OK));
  }
  std::ranges::sort(delays_ms);
  std::printf("release to grant: median %.3f ms\n", delays_ms[kPlaces / 2]);
  EXPECT_LT(delays_ms[kPlaces / 2], 3.0 * kSlowness);
}

TEST_F(FullArena, grants_waiting_creates_in_order) {
  fill_with_views();
  obj_buffer big_buffer{};
  obj_buffer small_buffer{};
  obj_request* big = start_create("big", 4 * kMiB, big_buffer);
  obj_request* small = start_create("small", 64, small_buffer);
  ASSERT_TRUE(wait_until([&] { return waiting_creates() == 2; }));
  // Room for the small one, but it came second.
  release(4);
  EXPECT_EQ(put(client_, id_of("later"), "x", {}, 30), OBJ_ENOMEM);
  EXPECT_FALSE(is_done(small));
  EXPECT_FALSE(is_done(big));
  for (const int number : {5, 6, 7, 8}) release(number);
  EXPECT_TRUE(wait_until([&] { return is_done(big); }));
  EXPECT_TRUE(wait_until([&] { return is_done(small); }));
  EXPECT_EQ(waiting_creates(), 0u);
}

TEST_F(FullArena, grants_a_waiting_create_when_something_is_deleted_aborted_or_unpinned) {
  fill_with_views();
  for (const int number : {0, 1}) release(number);
  obj_buffer unsealed{};
  const obj_id id = id_of("unsealed");
  ASSERT_THAT(obj_create(holder_.get(), &id, kMiB, 0, 0, &unsealed), Gives(OBJ_OK));
  ASSERT_THAT(put(client_, id_of("pinned"), std::string(kMiB, 'p')), Gives(OBJ_OK));
  const obj_id pinned = id_of("pinned");
  ASSERT_THAT(obj_pin(holder_.get(), &pinned, "owner"), Gives(OBJ_OK));
  const std::map<std::string, std::function<int()>> ways{
      {"abort", [&] { return obj_abort(holder_.get(), &unsealed); }},
      {"unpin", [&] { return obj_unpin(holder_.get(), &pinned, "owner"); }}};
  for (const auto& [name, free_some] : ways) {
    obj_buffer buffer{};
    obj_request* request = start_create(name, kMiB, buffer);
    ASSERT_TRUE(wait_until([&] { return waiting_creates() == 1; }));
    EXPECT_FALSE(is_done(request));
    ASSERT_THAT(free_some(), Gives(OBJ_OK));
    EXPECT_TRUE(wait_until([&] { return is_done(request); })) << name;
  }
}

TEST_F(FullArena, grants_a_waiting_create_when_the_process_that_holds_the_memory_dies) {
  Child hog([this](TalkLine& line) {
    const Client client = objd_.open();
    const obj_id id = id_of("hog");
    obj_buffer buffer{};
    if (obj_create(client.get(), &id, kPlaces * kMiB, 0, 0, &buffer) != OBJ_OK) return 1;
    line.say("full");
    line.hear();
    return 0;
  });
  ASSERT_EQ(hog.line().hear(), "full");
  obj_buffer buffer{};
  obj_request* request = start_create("after it", kPlaces * kMiB, buffer);
  ASSERT_TRUE(wait_until([&] { return waiting_creates() == 1; }));
  hog.kill();
  EXPECT_TRUE(wait_until([&] { return is_done(request); }));
  EXPECT_THAT(obj_abort(client_.get(), &buffer), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(FullArena, evicts_when_slots_run_out_before_memory_does) {
  for (int number = 0; number < 10'000; number++) {
    const obj_id id = numbered(number);
    ASSERT_THAT(put(client_, id, "small"), Gives(OBJ_OK)) << number;
  }
  EXPECT_FALSE(contains(client_, numbered(0)));
  EXPECT_TRUE(contains(client_, numbered(9'999)));
  const nlohmann::json status = status_of(client_, true);
  EXPECT_LE(status["table"]["objects"], 4096);
  EXPECT_GE(status["table"]["objects"], 3000);
  EXPECT_EQ(status["audit"]["agrees"], true);
}

}  // namespace
}  // namespace obj
