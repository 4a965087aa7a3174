// SPDX-License-Identifier: Apache-2.0
// tests/client/threads_test.cc -- many threads on one client: everybody gets their own answer.
#include <gtest/gtest.h>
#include <obj/obj.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/client/support/fake_daemon.hh"
#include "tests/client/support/open_client.hh"

namespace obj::test {
namespace {

constexpr int kThreads = 4;

uint64_t seed() {
  const char* const text = std::getenv("OBJ_SEED");
  const uint64_t value = text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
  std::printf("OBJ_SEED=%llu\n", static_cast<unsigned long long>(value));
  return value;
}

void in_threads(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) threads.emplace_back(body, t);
  for (auto& thread : threads) thread.join();
}

// Fewer tags than threads want, no spinning or much of it: leaders hand over, followers follow.
void mixed_calls(int32_t spin_us) {
  constexpr FakeSizes kSizes{
      .requests_max = 16, .pins_max = 24, .slots = 16384, .arena_bytes = 256 << 20};
  FakeDaemon daemon(kSizes);
  client::OpenRequest request;
  request.spin_ns = static_cast<uint64_t>(spin_us) * 1000;
  const ClientHandle client = open_client(daemon.path(), request);
  const uint64_t base_seed = seed();
  in_threads([&](int thread) {
    std::mt19937_64 random(base_seed + static_cast<uint64_t>(thread));
    for (int i = 0; i < 300; i++) {
      const std::string name = std::to_string(thread) + "/" + std::to_string(i);
      const obj_id id = id_named(name);
      const std::string data(random() % 8000, static_cast<char>('a' + thread));
      ASSERT_EQ(put(client, id, data, name, OBJ_FOREVER), OBJ_OK) << obj_last_error();
      obj_view view;
      ASSERT_EQ(obj_get(client.get(), &id, 1000, &view), OBJ_OK) << obj_last_error();
      EXPECT_EQ(data_of(view), data);
      EXPECT_EQ(metadata_of(view), name);
      ASSERT_EQ(obj_release(client.get(), &view), OBJ_OK);
      const obj_id absent = id_named("absent " + name);
      ASSERT_EQ(obj_get(client.get(), &absent, static_cast<int32_t>(random() % 3), &view),
                OBJ_ENOTFOUND);
      if (random() % 2 == 0) {
        ASSERT_EQ(obj_delete(client.get(), &id), OBJ_OK);
      }
    }
  });
  EXPECT_LE(daemon.most_in_flight(), kSizes.requests_max);
  EXPECT_EQ(daemon.segment().pins_held(), 0u);
}

TEST(Threads, each_gets_its_own_answers_when_callers_sleep_at_once) { mixed_calls(0); }
TEST(Threads, each_gets_its_own_answers_when_callers_spin) { mixed_calls(100); }

TEST(Threads, windows_of_requests_side_by_side_all_complete) {
  constexpr FakeSizes kSizes{
      .requests_max = 64, .pins_max = 24, .slots = 8192, .arena_bytes = 256 << 20};
  FakeDaemon daemon(kSizes);
  const ClientHandle client = open_client(daemon.path());
  in_threads([&](int thread) {
    const std::string small(100, 's');
    const std::string large(20'000, 'l');
    for (int round = 0; round < 40; round++) {
      std::vector<obj_request*> requests(12, nullptr);
      for (size_t i = 0; i < requests.size(); i++) {
        const std::string& data = i % 3 == 0 ? large : small;
        const obj_id id = id_named(std::to_string(thread) + "/" + std::to_string(round) + "/" +
                                   std::to_string(i));
        ASSERT_EQ(obj_put_async(client.get(), &id, data.data(), data.size(), nullptr, 0,
                                OBJ_FOREVER, &requests[i]),
                  OBJ_OK)
            << obj_last_error();
      }
      ASSERT_EQ(obj_wait_all(client.get(), requests.data(), requests.size(), OBJ_FOREVER, nullptr),
                OBJ_OK);
    }
  });
  EXPECT_EQ(daemon.seen(session::RequestOp::kSeal), uint32_t{kThreads * 40 * 4});
}

TEST(Threads, one_that_waits_for_long_does_not_hold_up_the_others) {
  FakeDaemon daemon;
  const ClientHandle client = open_client(daemon.path());
  const obj_id late = id_named("late");
  std::thread waiter([&] {
    obj_view view;
    EXPECT_EQ(obj_get(client.get(), &late, OBJ_FOREVER, &view), OBJ_OK);
    EXPECT_EQ(obj_release(client.get(), &view), OBJ_OK);
  });
  while (daemon.seen(session::RequestOp::kGet) == 0) std::this_thread::yield();
  for (int i = 0; i < 100; i++) {
    ASSERT_EQ(put(client, id_named(std::to_string(i)), "bytes", {}, 5000), OBJ_OK);
  }
  ASSERT_EQ(put(client, late, "at last"), OBJ_OK);
  waiter.join();
}

TEST(Threads, clients_come_and_go_under_threads_that_stay) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; t++) {
    threads.emplace_back([] {
      for (int i = 0; i < 10; i++) {
        FakeDaemon daemon({.requests_max = 16, .pins_max = 8, .slots = 16, .arena_bytes = 1 << 20});
        const ClientHandle client = open_client(daemon.path());
        const obj_id id = id_named("it");
        ASSERT_EQ(put(client, id, "bytes"), OBJ_OK);
        obj_view view;
        ASSERT_EQ(obj_get(client.get(), &id, 0, &view), OBJ_OK);
        ASSERT_EQ(obj_release(client.get(), &view), OBJ_OK);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace obj::test
