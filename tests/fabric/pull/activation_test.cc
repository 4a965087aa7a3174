// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/activation_test.cc -- which bundles run under a given budget, and which next.
// Bundles are made by hand; nothing is pulled. After each plan the budget must agree with a
// recount.
#include "fabric/pull/activation.hh"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "fabric/pull/wanted_objects.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint64_t kMs = 1'000'000;

class Queue {
 public:
  explicit Queue(uint64_t limit_bytes) { budget.set(limit_bytes, 1'000'000); }

  // A bundle of one object that nobody else wants.
  Bundle& add(PullClass pull_class, uint64_t bytes) {
    return add(pull_class, {{next_object_++, bytes}});
  }
  // A bundle of objects with given numbers and sizes.
  Bundle& add(PullClass pull_class, std::vector<std::pair<uint32_t, uint64_t>> objects) {
    Bundle& bundle = bundles.emplace_back();
    bundle.id = bundles.size();
    bundle.pull_class = pull_class;
    std::vector<ObjectId> ids;
    for (const auto& [n, bytes] : objects) ids.push_back(id_of(n));
    std::vector<WantedObject*> fresh;
    wanted.link(bundle, ids, fresh);
    for (const auto& [n, bytes] : objects) wanted.find(id_of(n))->extent_bytes = bytes;
    activation.enqueue(bundle, now_ns);
    return bundle;
  }
  void plan() {
    std::vector<Bundle*> changed;
    activation.plan(now_ns, changed);
    uint64_t held_bytes = 0;
    wanted.for_each([&](const WantedObject& object) { held_bytes += object.charged_bytes; });
    ASSERT_EQ(held_bytes, budget.held_bytes());
  }
  static bool runs(const Bundle& bundle) { return bundle.state == Bundle::State::kActive; }

  PullOptions options;
  PullBudget budget;
  Activation activation{options, budget};
  WantedObjects wanted;
  std::deque<Bundle> bundles;
  uint64_t now_ns = 1'000'000'000;

 private:
  static ObjectId id_of(uint32_t n) {
    ObjectId id;
    for (size_t i = 0; i < 4; i++) id.bytes[i] = static_cast<uint8_t>(n >> (8 * i));
    return id;
  }
  uint32_t next_object_ = 1'000'000;
};

TEST(Activation, starts_what_fits_in_the_order_of_the_queue) {
  Queue queue(100);
  const Bundle& first = queue.add(PullClass::kGet, 60);
  const Bundle& second = queue.add(PullClass::kGet, 40);
  const Bundle& third = queue.add(PullClass::kGet, 10);
  queue.plan();
  EXPECT_TRUE(Queue::runs(first) && Queue::runs(second));
  EXPECT_FALSE(Queue::runs(third));
}

TEST(Activation, one_that_does_not_fit_is_passed_by_those_that_do) {
  Queue queue(100);
  queue.add(PullClass::kGet, 60);
  const Bundle& large = queue.add(PullClass::kGet, 50);
  const Bundle& small = queue.add(PullClass::kGet, 40);
  queue.plan();
  EXPECT_FALSE(Queue::runs(large));
  EXPECT_TRUE(Queue::runs(small));
}

TEST(Activation, one_that_has_been_passed_for_long_is_passed_no_more) {
  Queue queue(100);
  Bundle& running = queue.add(PullClass::kGet, 60);
  const Bundle& large = queue.add(PullClass::kGet, 90);
  queue.plan();
  queue.now_ns += queue.options.ageing_ms * kMs;
  const Bundle& small = queue.add(PullClass::kGet, 10);
  const Bundle& prefetch = queue.add(PullClass::kPrefetch, 10);
  queue.plan();
  EXPECT_FALSE(Queue::runs(small));
  EXPECT_FALSE(Queue::runs(prefetch));
  queue.activation.suspend(running);
  queue.plan();
  EXPECT_TRUE(Queue::runs(large));
  EXPECT_TRUE(Queue::runs(small));
}

TEST(Activation, one_runs_even_if_it_does_not_fit) {
  Queue queue(100);
  const Bundle& large = queue.add(PullClass::kPrefetch, 500);
  const Bundle& other = queue.add(PullClass::kPrefetch, 10);
  queue.plan();
  EXPECT_TRUE(Queue::runs(large));
  EXPECT_FALSE(Queue::runs(other));
}

TEST(Activation, the_last_one_stays_when_memory_shrinks_below_its_need) {
  Queue queue(100);
  const Bundle& get = queue.add(PullClass::kGet, 30);
  const Bundle& wait = queue.add(PullClass::kWait, 30);
  const Bundle& prefetch = queue.add(PullClass::kPrefetch, 30);
  queue.plan();
  EXPECT_TRUE(Queue::runs(get) && Queue::runs(wait) && Queue::runs(prefetch));
  queue.budget.set(70, 1'000'000);
  queue.plan();
  EXPECT_TRUE(Queue::runs(get) && Queue::runs(wait));
  EXPECT_FALSE(Queue::runs(prefetch));
  queue.budget.set(0, 1'000'000);
  queue.plan();
  EXPECT_TRUE(Queue::runs(get));
  EXPECT_FALSE(Queue::runs(wait));
}

TEST(Activation, a_get_displaces_the_newest_prefetch_first_then_the_newest_wait) {
  Queue queue(100);
  const Bundle& old_wait = queue.add(PullClass::kWait, 25);
  const Bundle& new_wait = queue.add(PullClass::kWait, 25);
  const Bundle& old_prefetch = queue.add(PullClass::kPrefetch, 25);
  const Bundle& new_prefetch = queue.add(PullClass::kPrefetch, 25);
  queue.plan();
  const Bundle& get = queue.add(PullClass::kGet, 20);
  queue.plan();
  EXPECT_TRUE(Queue::runs(get) && Queue::runs(old_prefetch));
  EXPECT_FALSE(Queue::runs(new_prefetch));
  const Bundle& larger = queue.add(PullClass::kGet, 50);
  queue.plan();
  EXPECT_TRUE(Queue::runs(larger) && Queue::runs(old_wait));
  EXPECT_FALSE(Queue::runs(old_prefetch));
  EXPECT_FALSE(Queue::runs(new_wait));
}

TEST(Activation, nobody_is_displaced_in_vain) {
  Queue queue(100);
  const Bundle& running = queue.add(PullClass::kGet, 60);
  const Bundle& prefetch = queue.add(PullClass::kPrefetch, 30);
  queue.plan();
  const Bundle& large = queue.add(PullClass::kGet, 50);
  queue.plan();
  EXPECT_TRUE(Queue::runs(running) && Queue::runs(prefetch));
  EXPECT_FALSE(Queue::runs(large));
}

TEST(Activation, a_bundle_does_not_displace_its_own_class) {
  Queue queue(100);
  const Bundle& first = queue.add(PullClass::kPrefetch, 90);
  queue.plan();
  const Bundle& second = queue.add(PullClass::kPrefetch, 20);
  const Bundle& get = queue.add(PullClass::kGet, 5);
  queue.plan();
  EXPECT_TRUE(Queue::runs(first) && Queue::runs(get));
  EXPECT_FALSE(Queue::runs(second));
}

TEST(Activation, room_that_is_being_drained_for_a_bundle_is_not_given_to_another) {
  Queue queue(100);
  Bundle& prefetch = queue.add(PullClass::kPrefetch, 80);
  queue.plan();
  // Its reads are not over when it is displaced.
  WantedObject& reading = *prefetch.wants[0].object;
  reading.pull = 5;
  const Bundle& get = queue.add(PullClass::kGet, 70);
  queue.plan();
  EXPECT_FALSE(Queue::runs(prefetch) || Queue::runs(get));
  EXPECT_EQ(queue.budget.draining_bytes(), 80u);
  const Bundle& small = queue.add(PullClass::kPrefetch, 20);
  queue.plan();
  EXPECT_FALSE(Queue::runs(small));
  reading.pull = kNoPull;
  queue.budget.update(reading);
  queue.plan();
  EXPECT_TRUE(Queue::runs(get));
}

TEST(Activation, an_object_that_runs_already_costs_a_second_bundle_nothing) {
  Queue queue(500);
  const Bundle& first = queue.add(PullClass::kPrefetch, {{1, 500}});
  queue.plan();
  const Bundle& second = queue.add(PullClass::kGet, {{1, 500}});
  const Bundle& third = queue.add(PullClass::kGet, {{1, 500}});
  queue.plan();
  EXPECT_TRUE(Queue::runs(first) && Queue::runs(second) && Queue::runs(third));
  EXPECT_EQ(queue.budget.held_bytes(), 500u);
}

TEST(Activation, over_the_limit_the_most_urgent_runs_alone) {
  Queue queue(100);
  const Bundle& prefetch = queue.add(PullClass::kPrefetch, {{1, 500}});
  queue.plan();
  const Bundle& get = queue.add(PullClass::kGet, {{1, 500}, {2, 50}});
  const Bundle& other = queue.add(PullClass::kWait, {{1, 500}});
  for (int i = 0; i < 3; i++) {
    queue.budget.set(100 + static_cast<uint64_t>(i), 1'000'000);  // so that it is planned anew
    queue.plan();
    EXPECT_TRUE(Queue::runs(get));
    EXPECT_FALSE(Queue::runs(prefetch) || Queue::runs(other));
  }
}

TEST(Activation, what_others_hold_in_memory_anyway_costs_nothing) {
  Queue queue(100);
  const Bundle& first = queue.add(PullClass::kGet, {{1, 80}});
  queue.plan();
  const Bundle& second = queue.add(PullClass::kGet, {{2, 500}, {3, 20}});
  WantedObject& primary = *second.wants[0].object;
  primary.local = true;
  primary.hold = LocalHold::kOthersToo;
  queue.plan();
  EXPECT_TRUE(Queue::runs(first) && Queue::runs(second));
  EXPECT_EQ(queue.budget.active_bytes(), 100u);
  // It is evictable but for the pin of `second`: now it counts, and the newest stops.
  primary.hold = LocalHold::kPulls;
  queue.budget.update(primary);
  queue.plan();
  EXPECT_TRUE(Queue::runs(first));
  EXPECT_FALSE(Queue::runs(second));
}

// Whatever comes and goes: no more than the limit is active, or one bundle alone, and something
// runs while anything is queued.
TEST(Activation, keeps_to_the_limit_under_random_coming_and_going) {
  std::mt19937_64 random(test_seed());
  for (int walk = 0; walk < 200; walk++) {
    Queue queue(100);
    uint64_t limit = 100;
    for (int step = 0; step < 150; step++) {
      queue.now_ns += random() % (300 * kMs);
      const auto pull_class = kAllPullClasses[random() % kPullClasses];
      if (random() % 3 == 0 && !queue.bundles.empty()) {
        queue.activation.suspend(queue.bundles[random() % queue.bundles.size()]);
      } else if (random() % 4 == 0) {
        limit = random() % 150;
        queue.budget.set(limit, 1'000'000);
      } else {
        const auto object = static_cast<uint32_t>(random() % 30);
        const uint32_t other = (object * 7 + 1) % 30;
        queue.add(pull_class, {{object, 1 + object * 3}, {other, 1 + other * 3}});
      }
      ASSERT_NO_FATAL_FAILURE(queue.plan());
      size_t active = 0;
      for (const Bundle& bundle : queue.bundles) {
        active += Queue::runs(bundle) ? 1u : 0u;
      }
      ASSERT_EQ(active, queue.activation.active_bundles());
      ASSERT_TRUE(active > 0 || queue.activation.queued_bundles() == 0);
      ASSERT_TRUE(queue.budget.active_bytes() <= limit || active == 1);
    }
  }
}

}  // namespace
}  // namespace obj
