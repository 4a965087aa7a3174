// SPDX-License-Identifier: Apache-2.0
// tests/stress/kill_clients_test.cc -- clients killed at random instants, under load, 1,000 times.
//
// Method: a few processes at a time do all that clients do, and are killed with SIGKILL one after
// the other, from the first instants of their hello on. What each held must be gone 100 ms later,
// while the others go on; after each batch nothing is held at all, and the ledger equals its
// recount.
#include <gtest/gtest.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"
#include "tests/seed.hh"
#include "tests/stress/busy_client.hh"

namespace obj {
namespace {

constexpr int kBatchSize = 4;
constexpr int kBatches = 250 / static_cast<int>(kSlowness);
constexpr uint64_t kGoneMs = 100 * kSlowness;
constexpr uint64_t kLifeUsMax = 30'000 * kSlowness;

class KillClients : public testing::Test {
 protected:
  bool is_here(pid_t pid) {
    const nlohmann::json status = status_of(watcher_);
    return std::ranges::any_of(status["sessions"],
                               [pid](const auto& session) { return session["pid"] == pid; });
  }

  // Nothing is unsealed, viewed, withdrawn or waiting, and only the watcher has a session.
  bool is_quiet() {
    const nlohmann::json status = status_of(watcher_);
    return status["sessions"].size() == 1 && status["ledger"]["unsealed"]["objects"] == 0 &&
           status["ledger"]["withdrawn"]["objects"] == 0 && status["waiting"]["creates"] == 0 &&
           status["waiting"]["gets"] == 0;
  }

  void kill_one(Child& child) {
    EXPECT_EQ(child.kill(), -SIGKILL) << "the client had ended by itself";
    const uint64_t gone_ns = monotonic_ns();
    EXPECT_TRUE(wait_until([&] { return !is_here(child.pid()); }, kGoneMs)) << child.pid();
    delays_ms_.push_back(ms_since(gone_ns));
  }

  void run_batch(std::mt19937_64& random) {
    std::vector<std::unique_ptr<Child>> children;
    for (int n = 0; n < kBatchSize; n++) {
      children.push_back(std::make_unique<Child>(
          [&, seed = random()](TalkLine&) { return run_busy_client(objd_.socket(), seed); }));
    }
    for (const auto& child : children) {
      // This sleep waits for nothing: it is the random instant.
      const timespec life{0, static_cast<long>(random() % kLifeUsMax / kBatchSize) * 1000};
      ::nanosleep(&life, nullptr);
      kill_one(*child);
    }
    EXPECT_TRUE(wait_until([&] { return is_quiet(); }, kGoneMs)) << status_of(watcher_).dump(1);
    const nlohmann::json status = status_of(watcher_, true);
    EXPECT_EQ(status["audit"]["agrees"], true) << status.dump(1);
  }

  void delete_everything() {
    uint64_t cursor = 0;
    do {
      std::vector<obj_info> infos(512);
      size_t count = 0;
      ASSERT_THAT(obj_list(watcher_.get(), &cursor, infos.data(), infos.size(), &count),
                  Gives(OBJ_OK));
      for (size_t i = 0; i < count; i++) obj_delete(watcher_.get(), &infos[i].id);
    } while (cursor != 0);
  }

  // So little memory that clients also die while they wait for some.
  ObjdProcess objd_{{"--object-store-memory", "4M"}};
  Client watcher_ = objd_.open();
  std::vector<double> delays_ms_;
};

TEST_F(KillClients, at_any_instant_leaves_nothing_behind) {
  std::mt19937_64 random(test_seed());
  const size_t descriptors = objd_.descriptor_count();
  for (int batch = 0; batch < kBatches && !HasFailure(); batch++) run_batch(random);

  std::ranges::sort(delays_ms_);
  std::printf("%zu clients killed; gone after %.1f ms (median), %.1f ms (worst)\n",
              delays_ms_.size(), delays_ms_[delays_ms_.size() / 2], delays_ms_.back());
  const nlohmann::json counters = status_of(watcher_)["counters"];
  std::printf("meanwhile %s\n", counters.dump().c_str());
  EXPECT_EQ(counters["protocol_errors"], 0);
  EXPECT_TRUE(wait_until([&] { return objd_.descriptor_count() == descriptors; }))
      << objd_.descriptor_count() << " descriptors, " << descriptors << " at the start";
  delete_everything();
  EXPECT_TRUE(is_at_rest(watcher_, 0));
  EXPECT_EQ(objd_.terminate(), 0);
}

}  // namespace
}  // namespace obj
