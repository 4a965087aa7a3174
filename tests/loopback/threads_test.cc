// SPDX-License-Identifier: Apache-2.0
// tests/loopback/threads_test.cc -- many threads on one client. Meant for ThreadSanitizer as well.
//
// Method: threads put, get, check, delete and wait for objects of a few shared ids, whose content
// follows from id and version, while eviction runs. At the end nothing is held.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"
#include "tests/loopback/support/wait_until.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint64_t kIds = 96;
constexpr int kThreads = 4;
constexpr int kRounds = 20'000 / static_cast<int>(kSlowness);

obj_id shared_id(uint64_t number) { return id_of("shared " + std::to_string(number)); }

// Its own length and first letter give all of it away.
std::string content(uint64_t number, uint64_t version) {
  const size_t size_bytes = 1 + (number * 7919 + version * 131) % 20'000;
  return std::string(size_bytes, static_cast<char>('a' + (number + size_bytes) % 26));
}

bool is_content_of(uint64_t number, std::string_view data) {
  const char letter = static_cast<char>('a' + (number + data.size()) % 26);
  return data.find_first_not_of(letter) == std::string_view::npos && !data.empty();
}

class Worker {
 public:
  Worker(const Client& client, uint64_t seed) : client_(client), random_(seed) {}

  void run() {
    for (int round = 0; round < kRounds; round++) {
      const uint64_t number = random_() % kIds;
      const obj_id id = shared_id(number);
      switch (random_() % 8) {
        case 0: put_one(number, id); break;
        case 1: EXPECT_THAT(obj_delete(client_.get(), &id), Gives(OBJ_OK)); break;
        case 2: create_one(number, id); break;
        case 3: get_many(); break;
        default: get_one(number, id); break;
      }
    }
  }

  uint64_t gets() const { return gets_; }

 private:
  void put_one(uint64_t number, const obj_id& id) {
    const int status = put(client_, id, content(number, random_()), {}, 1000);
    EXPECT_TRUE(status == OBJ_OK || status == OBJ_EEXISTS) << obj_last_error();
  }

  void create_one(uint64_t number, const obj_id& id) {
    const std::string data = content(number, random_());
    obj_buffer buffer{};
    const int status = obj_create(client_.get(), &id, data.size(), 0, 1000, &buffer);
    if (status == OBJ_EEXISTS) return;
    ASSERT_THAT(status, Gives(OBJ_OK));
    data.copy(static_cast<char*>(buffer.data), data.size());
    const int done =
        random_() % 4 == 0 ? obj_abort(client_.get(), &buffer) : obj_seal(client_.get(), &buffer);
    EXPECT_TRUE(done == OBJ_OK || done == OBJ_ENOTFOUND) << obj_last_error();
  }

  void get_one(uint64_t number, const obj_id& id) {
    obj_view view{};
    const int status = get(client_, id, view, random_() % 16 == 0 ? 1 : 0);
    if (status != OBJ_OK) {
      EXPECT_TRUE(status == OBJ_ENOTFOUND || status == OBJ_ETIMEOUT) << obj_last_error();
      return;
    }
    EXPECT_TRUE(is_content_of(number, data_of(view))) << number;
    EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
    gets_++;
  }

  void get_many() {
    std::array<uint64_t, 8> numbers;
    std::array<obj_id, 8> ids;
    for (size_t i = 0; i < numbers.size(); i++) ids[i] = shared_id(numbers[i] = random_() % kIds);
    std::array<obj_view, 8> views{};
    std::array<int, 8> statuses{};
    obj_get_many(client_.get(), ids.data(), ids.size(), 0, views.data(), statuses.data());
    for (size_t i = 0; i < numbers.size(); i++) {
      if (statuses[i] != OBJ_OK) continue;
      EXPECT_TRUE(is_content_of(numbers[i], data_of(views[i]))) << numbers[i];
      gets_++;
    }
    EXPECT_THAT(obj_release_many(client_.get(), views.data(), views.size()), Gives(OBJ_OK));
  }

  const Client& client_;
  std::mt19937_64 random_;
  uint64_t gets_ = 0;
};

// Runs the workers at once, and returns how many objects they got.
uint64_t run_together(std::vector<Worker>& workers) {
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.run(); });
  uint64_t gets = 0;
  for (size_t i = 0; i < workers.size(); i++) {
    threads[i].join();
    gets += workers[i].gets();
  }
  return gets;
}

// 2 MiB hold some of the objects, not all: eviction goes on all the time.
NodeConfig tight_config() {
  NodeConfig config = InProcessNode::small_config();
  config.object_store_memory_bytes = uint64_t{2} << 20;
  config.objects_max = 48;
  return config;
}

TEST(Threads, of_one_client_share_it_without_harm) {
  const InProcessNode node(tight_config());
  const Client client = node.open();
  const uint64_t seed = test_seed();
  std::vector<Worker> workers;
  for (uint64_t n = 0; n < kThreads; n++) workers.emplace_back(client, seed + n);
  EXPECT_GT(run_together(workers), 0u);
  const nlohmann::json status = status_of(client, true);
  EXPECT_EQ(status["sessions"][0]["views"], 0);
  EXPECT_EQ(status["sessions"][0]["in_flight"], 0);
  EXPECT_EQ(status["ledger"]["unsealed"]["objects"], 0);
  EXPECT_TRUE(wait_until([&] { return status_of(client)["ledger"]["withdrawn"]["objects"] == 0; }));
  EXPECT_EQ(status["audit"]["agrees"], true);
  EXPECT_GT(status["counters"]["evicted_objects"], 0);
}

TEST(Threads, of_several_clients_do_not_disturb_one_another) {
  const InProcessNode node(tight_config());
  const uint64_t seed = test_seed();
  std::vector<Client> clients;
  std::vector<Worker> workers;
  for (int n = 0; n < kThreads; n++) clients.push_back(node.open());
  for (uint64_t n = 0; n < kThreads; n++) workers.emplace_back(clients[n], seed + n);
  EXPECT_GT(run_together(workers), 0u);
  EXPECT_TRUE(
      wait_until([&] { return status_of(clients[0])["ledger"]["withdrawn"]["objects"] == 0; }));
  EXPECT_EQ(status_of(clients[0], true)["audit"]["agrees"], true);
}

// A view got by one thread is released by another; a request started here is collected there.
TEST(Threads, may_hand_views_and_requests_to_one_another) {
  const InProcessNode node;
  const Client client = node.open();
  const obj_id id = id_of("object");
  obj_view view{};
  obj_request* request = nullptr;
  ASSERT_THAT(obj_get_async(client.get(), &id, OBJ_FOREVER, &view, &request), Gives(OBJ_OK));
  std::thread collector([&] {
    EXPECT_THAT(obj_wait_all(client.get(), &request, 1, 10'000, nullptr), Gives(OBJ_OK));
  });
  EXPECT_THAT(put(client, id, "bytes"), Gives(OBJ_OK));
  collector.join();
  std::thread reader([&] {
    EXPECT_EQ(data_of(view), "bytes");
    EXPECT_THAT(obj_release(client.get(), &view), Gives(OBJ_OK));
  });
  reader.join();
  EXPECT_TRUE(is_at_rest(client, 1));
}

// Each waits for a word of its own; one thread says them all.
TEST(Threads, that_wait_on_one_client_are_each_woken) {
  const InProcessNode node;
  const Client client = node.open();
  for (int round = 0; round < 50; round++) {
    const auto id = [&](int n) { return id_of(std::to_string(round) + " " + std::to_string(n)); };
    std::vector<std::thread> waiters;
    for (int n = 0; n < kThreads; n++) {
      waiters.emplace_back([&, n] {
        obj_view view{};
        EXPECT_THAT(get(client, id(n), view, 10'000), Gives(OBJ_OK));
        EXPECT_EQ(data_of(view), std::to_string(n));
        EXPECT_THAT(obj_release(client.get(), &view), Gives(OBJ_OK));
      });
    }
    for (int n = kThreads - 1; n >= 0; n--) {
      EXPECT_THAT(put(client, id(n), std::to_string(n)), Gives(OBJ_OK));
    }
    for (std::thread& waiter : waiters) waiter.join();
  }
}

}  // namespace
}  // namespace obj
