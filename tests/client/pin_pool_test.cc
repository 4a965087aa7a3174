// SPDX-License-Identifier: Apache-2.0
// tests/client/pin_pool_test.cc -- cells are handed out once, all of them, whatever threads do.
#include "client/pin_pool.hh"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/client/support/end_forked_child.hh"

namespace obj::client {
namespace {

class Pool {
 public:
  explicit Pool(uint32_t cells_max) : pool_(std::make_unique<PinPool>(cells_max, used_, epoch_)) {}

  PinPool& operator*() { return *pool_; }
  PinPool* operator->() { return pool_.get(); }
  uint32_t used() const { return used_.load(); }
  void close() { pool_.reset(); }

 private:
  ForkEpoch epoch_ = process_epoch().value();
  std::atomic<uint32_t> used_{0};
  std::unique_ptr<PinPool> pool_;
};

std::vector<uint32_t> take_all(PinPool& pool) {
  std::vector<uint32_t> cells;
  while (const auto cell = pool.take()) cells.push_back(*cell);
  return cells;
}

void expect_all_once(std::vector<uint32_t> cells, uint32_t cells_max) {
  std::sort(cells.begin(), cells.end());
  ASSERT_EQ(cells.size(), cells_max);
  for (uint32_t i = 0; i < cells_max; i++) EXPECT_EQ(cells[i], i);
}

TEST(PinPool, hands_out_each_cell_once_and_then_none) {
  for (const uint32_t cells_max : {1u, 7u, 64u, 65u, 1000u}) {
    Pool pool(cells_max);
    expect_all_once(take_all(*pool), cells_max);
    EXPECT_FALSE(pool->take().has_value());
    pool->give(0);
    EXPECT_EQ(pool->take(), 0u);
  }
}

TEST(PinPool, gives_the_same_cell_again_to_one_thread) {
  Pool pool(1000);
  const auto first = pool->take();
  pool->give(*first);
  EXPECT_EQ(pool->take(), first);
}

TEST(PinPool, mark_is_above_every_cell_that_was_ever_out) {
  Pool pool(1000);
  EXPECT_EQ(pool.used(), 0u);
  uint32_t highest = 0;
  for (int i = 0; i < 500; i++) {
    highest = std::max(highest, pool->take().value());
    ASSERT_GT(pool.used(), highest);
  }
  EXPECT_LE(pool.used(), 500u + Magazine::kBatch);
}

TEST(PinPool, reaches_cells_that_another_thread_hoards) {
  constexpr uint32_t kCells = 40;
  Pool pool(kCells);
  std::barrier phase(2);
  std::thread hoarder([&] {
    const auto cell = pool->take();  // and with it a magazine with all the others
    pool->give(*cell);
    phase.arrive_and_wait();
    phase.arrive_and_wait();
    EXPECT_FALSE(pool->take().has_value());
  });
  phase.arrive_and_wait();
  expect_all_once(take_all(*pool), kCells);
  phase.arrive_and_wait();
  hoarder.join();
}

TEST(PinPool, gets_cells_back_from_a_thread_that_ends) {
  Pool pool(200);
  std::thread([&] {
    const auto cells = take_all(*pool);
    for (const uint32_t cell : cells) pool->give(cell);
  }).join();
  expect_all_once(take_all(*pool), 200);
}

TEST(PinPool, takes_cells_given_by_threads_that_never_took_one) {
  Pool pool(300);
  const auto cells = take_all(*pool);
  std::thread([&] {
    for (const uint32_t cell : cells) pool->give(cell);
  }).join();
  expect_all_once(take_all(*pool), 300);
}

TEST(PinPool, keeps_pools_of_one_thread_apart) {
  Pool one(100);
  Pool other(50);
  std::vector<uint32_t> of_one;
  std::vector<uint32_t> of_other;
  for (int i = 0; i < 50; i++) {
    of_one.push_back(one->take().value());
    of_other.push_back(other->take().value());
  }
  EXPECT_FALSE(other->take().has_value());
  for (int i = 0; i < 50; i++) of_one.push_back(one->take().value());
  expect_all_once(of_one, 100);
  expect_all_once(of_other, 50);
}

TEST(PinPool, may_end_before_threads_that_used_it) {
  auto pool = std::make_unique<Pool>(100);
  std::barrier phase(2);
  std::thread user([&] {
    (*pool)->give((*pool)->take().value());
    phase.arrive_and_wait();
    phase.arrive_and_wait();  // the pool is gone now, and this thread ends after it
    Pool next(10);
    expect_all_once(take_all(*next), 10);
  });
  phase.arrive_and_wait();
  pool.reset();
  phase.arrive_and_wait();
  user.join();
}

TEST(PinPool, serves_a_destructor_at_thread_exit) {
  struct ReleasesAtThreadExit {
    ~ReleasesAtThreadExit() {
      pool->give(cell);
      EXPECT_TRUE(pool->take().has_value());  // and this one is leaked on purpose
    }
    PinPool* pool;
    uint32_t cell;
  };
  Pool pool(10);
  std::thread([&] {
    // Made before the thread has a magazine, so destroyed after it.
    thread_local ReleasesAtThreadExit late{&*pool, 0};
    late.cell = pool->take().value();
  }).join();
  EXPECT_EQ(take_all(*pool).size(), 9u);
}

TEST(PinPool, thread_exit_in_a_forked_child_takes_no_lock) {
  Pool pool(10);
  std::barrier phase(2);
  std::atomic<bool> stop{false};
  // Holds the pool's lock most of the time, so that the fork is likely to copy it locked.
  std::thread busy([&] {
    phase.arrive_and_wait();
    while (!stop) take_all(*pool);
  });
  std::thread forker([&] {
    pool->take();
    phase.arrive_and_wait();
    for (int i = 0; i < 20; i++) {
      const pid_t child = ::fork();
      if (child == 0) test::end_forked_child();
      int status = 0;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_TRUE(WIFEXITED(status));
    }
  });
  forker.join();
  stop = true;
  busy.join();
}

// Views move between threads: each takes and gives cells that others took. Every cell is out at
// most once at any time, and in the end none is lost.
TEST(PinPool, loses_and_doubles_no_cell_when_many_threads_pass_cells_around) {
  constexpr uint32_t kCells = 100;
  constexpr int kThreads = 4;
  const char* const seed_text = std::getenv("OBJ_SEED");
  const uint64_t seed =
      seed_text != nullptr ? std::strtoull(seed_text, nullptr, 0) : std::random_device{}();
  std::printf("OBJ_SEED=%llu\n", static_cast<unsigned long long>(seed));

  Pool pool(kCells);
  std::mutex mutex;
  std::deque<uint32_t> shared;
  std::vector<std::atomic<bool>> is_out(kCells);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(seed + static_cast<uint64_t>(t));
      for (int i = 0; i < 20'000; i++) {
        if (random() % 2 == 0) {
          const auto cell = pool->take();
          if (!cell) continue;
          EXPECT_FALSE(is_out[*cell].exchange(true));
          const std::lock_guard lock(mutex);
          shared.push_back(*cell);
          continue;
        }
        std::unique_lock lock(mutex);
        if (shared.empty()) continue;
        const uint32_t cell = shared.front();
        shared.pop_front();
        lock.unlock();
        EXPECT_TRUE(is_out[cell].exchange(false));
        pool->give(cell);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  auto rest = take_all(*pool);
  rest.insert(rest.end(), shared.begin(), shared.end());
  expect_all_once(rest, kCells);
}

}  // namespace
}  // namespace obj::client
