// SPDX-License-Identifier: Apache-2.0
// The reports of a node: the last state of each object, in the order in which objects first
// changed.
#include "directory/report_queue.hh"

#include <gtest/gtest.h>

#include <random>

#include "tests/directory/test_directory.hh"
#include "tests/seed.hh"

namespace obj::directory {
namespace {

std::vector<CopyReport> batch(const ReportQueue& queue) {
  return {queue.in_flight().begin(), queue.in_flight().end()};
}

TEST(ReportQueue, keeps_the_last_state_of_each_object_at_its_first_place) {
  ReportQueue queue(1);
  queue.put(partial(1));
  queue.put(partial(2));
  queue.put(sealed(1));
  queue.put(gone(2));
  queue.put(sealed(1, 5, 6));
  EXPECT_EQ(queue.waiting(), 2u);
  queue.take(10);
  EXPECT_EQ(batch(queue), (std::vector{sealed(1, 5, 6), gone(2)}));
}

TEST(ReportQueue, what_comes_while_a_batch_is_in_flight_waits_for_the_next) {
  ReportQueue queue(1);
  queue.put(partial(1));
  queue.put(partial(2));
  queue.take(1);
  queue.put(sealed(1));
  queue.put(sealed(2));
  EXPECT_EQ(batch(queue), std::vector{partial(1)});
  queue.acknowledge();
  queue.take(10);
  EXPECT_EQ(batch(queue), (std::vector{sealed(2), sealed(1)}));
}

TEST(ReportQueue, forgets_what_waits_or_all) {
  ReportQueue queue(1);
  queue.put(partial(1));
  queue.take(1);
  queue.put(partial(2));
  queue.forget_waiting();
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_EQ(batch(queue), std::vector{partial(1)});
  queue.put(partial(3));
  queue.forget_all();
  EXPECT_TRUE(queue.in_flight().empty());
  queue.put(sealed(2));
  queue.take(9);
  EXPECT_EQ(batch(queue), std::vector{sealed(2)});
}

TEST(ReportQueue, whoever_hears_all_batches_knows_the_last_state_of_all) {
  std::mt19937_64 random(test_seed());
  ReportQueue queue(2);
  std::map<ObjectId, CopyReport> truth;
  std::map<ObjectId, CopyReport> heard;
  for (int step = 0; step < 20'000; step++) {
    const CopyReport report = sealed(random() % 50, 1, random() % 1000);
    queue.put(report);
    truth[report.id] = report;
    if (random() % 8 != 0) continue;
    queue.take(random() % 20);
    for (const CopyReport& told : queue.in_flight()) heard[told.id] = told;
    queue.acknowledge();
  }
  queue.take(1000);
  for (const CopyReport& told : queue.in_flight()) heard[told.id] = told;
  EXPECT_EQ(heard, truth);
}

}  // namespace
}  // namespace obj::directory
