// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/read_scheduler_test.cc -- shares and limits, with a link that is played here:
// each source delivers at its own speed, the clock is stepped, and bytes are counted.
#include "fabric/pull/read_scheduler.hh"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <vector>

namespace obj {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;
constexpr uint32_t kChunk = 1u << 20;

// Flows that always have something to read, and sources that serve their reads one after the other.
class Link {
 public:
  explicit Link(PullOptions options = {}) : options_(options), scheduler(options_) {}
  ~Link() {
    for (auto& reader : readers_) scheduler.withdraw(reader->flow);
  }

  void set_speed(uint32_t node, uint64_t bytes_per_s) { speeds_[node] = bytes_per_s; }

  // A pull that reads from `node` in reads of `read_bytes`.
  size_t add(uint32_t node, PullClass pull_class, uint32_t read_bytes = kChunk) {
    const auto index = static_cast<uint32_t>(readers_.size());
    readers_.push_back(std::make_unique<Reader>(index, read_bytes));
    scheduler.attach(readers_.back()->flow, {node, 1});
    scheduler.offer(readers_.back()->flow, pull_class);
    return index;
  }

  void post_all() {
    while (ReadScheduler::Flow* flow = scheduler.next(now_ns)) {
      Reader& reader = *readers_[flow->pull];
      if (!scheduler.fits(reader.read_bytes)) return;
      scheduler.on_posted(*flow, reader.read_bytes, now_ns);
      reader.posted_bytes += reader.read_bytes;
      const uint32_t node = scheduler.node_of(*flow).node;
      const uint64_t speed = speeds_.contains(node) ? speeds_[node] : 1'000'000'000;
      uint64_t& free_ns = busy_until_ns_[node];
      free_ns = std::max(free_ns, now_ns) + reader.read_bytes * kSecond / speed;
      due_.emplace(free_ns, flow->pull);
      max_in_flight = std::max(max_in_flight, scheduler.in_flight_bytes());
    }
  }

  void run_until(uint64_t end_ns) {
    post_all();
    while (true) {
      const uint64_t completion_ns = due_.empty() ? kForeverNs : due_.begin()->first;
      const uint64_t next_ns = std::min(completion_ns, scheduler.next_deadline_ns());
      if (next_ns > end_ns) break;
      now_ns = std::max(now_ns, next_ns);
      if (completion_ns <= now_ns) {
        Reader& reader = *readers_[due_.begin()->second];
        due_.erase(due_.begin());
        reader.done_bytes += reader.read_bytes;
        scheduler.on_completed(reader.flow, reader.read_bytes, true, now_ns);
      }
      post_all();
    }
    now_ns = end_ns;
  }

  uint64_t done(size_t reader) const { return readers_[reader]->done_bytes; }
  uint64_t in_flight(size_t reader) const {
    return readers_[reader]->posted_bytes - readers_[reader]->done_bytes;
  }
  ReadScheduler::Flow& flow(size_t reader) { return readers_[reader]->flow; }

 private:
  struct Reader {
    Reader(uint32_t index, uint32_t read_bytes_) : flow(index, 0), read_bytes(read_bytes_) {}
    ReadScheduler::Flow flow;
    uint32_t read_bytes;
    uint64_t posted_bytes = 0;
    uint64_t done_bytes = 0;
  };

  PullOptions options_;
  std::map<uint32_t, uint64_t> speeds_;
  std::map<uint32_t, uint64_t> busy_until_ns_;
  std::multimap<uint64_t, uint32_t> due_;
  std::vector<std::unique_ptr<Reader>> readers_;

 public:
  ReadScheduler scheduler;
  uint64_t now_ns = kSecond;
  uint64_t max_in_flight = 0;
};

double ratio(uint64_t a, uint64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

TEST(ReadScheduler, two_equal_pulls_share_within_ten_percent) {
  Link link;
  link.scheduler.set_bandwidth(200'000'000, link.now_ns);
  const size_t a = link.add(1, PullClass::kGet);
  const size_t b = link.add(1, PullClass::kGet);
  link.run_until(link.now_ns + 2 * kSecond);
  EXPECT_NEAR(ratio(link.done(a), link.done(b)), 1.0, 0.1);
}

TEST(ReadScheduler, shares_are_counted_in_bytes_and_not_in_reads) {
  Link link;
  link.scheduler.set_bandwidth(200'000'000, link.now_ns);
  const size_t large = link.add(1, PullClass::kGet, kChunk);
  const size_t small = link.add(1, PullClass::kGet, 4096);
  link.run_until(link.now_ns + 2 * kSecond);
  EXPECT_NEAR(ratio(link.done(large), link.done(small)), 1.0, 0.1);
}

TEST(ReadScheduler, sources_share_alike_however_many_pulls_read_from_them) {
  Link link;
  link.scheduler.set_bandwidth(200'000'000, link.now_ns);
  uint64_t from_first = 0;
  std::vector<size_t> many;
  for (int i = 0; i < 20; i++) many.push_back(link.add(1, PullClass::kGet, 64 * 1024));
  const size_t lonely = link.add(2, PullClass::kGet, 64 * 1024);
  link.run_until(link.now_ns + 2 * kSecond);
  for (const size_t reader : many) from_first += link.done(reader);
  EXPECT_NEAR(ratio(link.done(lonely), from_first), 1.0, 0.1);
}

TEST(ReadScheduler, urgent_classes_get_more_and_no_class_starves) {
  Link link;
  link.scheduler.set_bandwidth(420'000'000, link.now_ns);
  const size_t get = link.add(1, PullClass::kGet);
  const size_t wait = link.add(1, PullClass::kWait);
  const size_t prefetch = link.add(1, PullClass::kPrefetch);
  link.run_until(link.now_ns + 2 * kSecond);
  EXPECT_NEAR(ratio(link.done(get), link.done(wait)), 4.0, 0.8);
  EXPECT_NEAR(ratio(link.done(wait), link.done(prefetch)), 4.0, 0.8);
}

TEST(ReadScheduler, a_get_that_arrives_beside_prefetches_is_served_next) {
  PullOptions options;
  Link link(options);
  link.set_speed(1, 1'000'000'000);
  for (int i = 0; i < 50; i++) link.add(1, PullClass::kPrefetch);
  link.run_until(link.now_ns + kSecond);
  EXPECT_LE(link.scheduler.in_flight_bytes(), options.prefetch_bytes_in_flight_max);
  const size_t get = link.add(1, PullClass::kGet, 64 * 1024);
  link.post_all();
  EXPECT_GT(link.in_flight(get), 0u);
}

TEST(ReadScheduler, a_class_that_was_held_back_has_saved_nothing_up) {
  Link link;
  link.scheduler.set_bandwidth(200'000'000, link.now_ns);
  link.scheduler.set_bandwidth(PullClass::kPrefetch, 1'000'000, link.now_ns);
  const size_t get = link.add(1, PullClass::kGet);
  const size_t prefetch = link.add(1, PullClass::kPrefetch);
  link.run_until(link.now_ns + 20 * kSecond);
  link.scheduler.set_bandwidth(PullClass::kPrefetch, 0, link.now_ns);
  const uint64_t get_before = link.done(get);
  const uint64_t prefetch_before = link.done(prefetch);
  link.run_until(link.now_ns + kSecond);
  EXPECT_GT(link.done(get) - get_before, 10 * (link.done(prefetch) - prefetch_before));
}

TEST(ReadScheduler, the_bandwidth_limit_holds_within_five_percent_over_five_seconds) {
  for (const uint64_t rate : {20'000'000ull, 500'000'000ull}) {
    Link link;
    link.scheduler.set_bandwidth(rate, link.now_ns);
    std::vector<size_t> readers;
    for (int i = 0; i < 4; i++) readers.push_back(link.add(1, PullClass::kGet));
    link.run_until(link.now_ns + 5 * kSecond);
    uint64_t done = 0;
    for (const size_t reader : readers) done += link.done(reader);
    EXPECT_NEAR(ratio(done, 5 * rate), 1.0, 0.05);
  }
}

TEST(ReadScheduler, a_limit_can_be_changed_while_pulls_run) {
  Link link;
  const size_t reader = link.add(1, PullClass::kGet);
  link.scheduler.set_bandwidth(PullClass::kGet, 100'000'000, link.now_ns);
  link.run_until(link.now_ns + kSecond);
  const uint64_t slow = link.done(reader);
  EXPECT_NEAR(ratio(slow, 100'000'000), 1.0, 0.05);
  link.scheduler.set_bandwidth(PullClass::kGet, 400'000'000, link.now_ns);
  link.run_until(link.now_ns + kSecond);
  EXPECT_NEAR(ratio(link.done(reader) - slow, 400'000'000), 1.0, 0.05);
}

TEST(ReadScheduler, the_window_is_never_exceeded) {
  PullOptions options;
  options.max_bytes_in_flight = 3 * kChunk + 5;
  Link link(options);
  for (uint32_t node = 0; node < 8; node++) link.add(node, PullClass::kGet);
  link.run_until(link.now_ns + kSecond);
  EXPECT_LE(link.max_in_flight, options.max_bytes_in_flight);
  EXPECT_EQ(link.max_in_flight, 3 * kChunk);
}

TEST(ReadScheduler, a_read_larger_than_the_window_goes_alone) {
  PullOptions options;
  options.max_bytes_in_flight = 1000;
  Link link(options);
  const size_t reader = link.add(1, PullClass::kGet);
  link.run_until(link.now_ns + kSecond);
  EXPECT_GT(link.done(reader), 0u);
  EXPECT_EQ(link.max_in_flight, kChunk);
}

TEST(ReadScheduler, a_slow_source_cannot_fill_the_window) {
  PullOptions options;
  options.max_bytes_in_flight = 64 * kChunk;
  Link link(options);
  link.set_speed(1, 10'000'000);
  link.set_speed(2, 1'000'000'000);
  const size_t slow = link.add(1, PullClass::kGet);
  const size_t fast = link.add(2, PullClass::kGet);
  link.run_until(link.now_ns + 2 * kSecond);
  EXPECT_LE(link.in_flight(slow), 4 * kChunk);
  EXPECT_GT(ratio(link.done(fast), 2'000'000'000), 0.9);
}

TEST(ReadScheduler, a_fast_source_is_kept_busy) {
  Link link;
  link.set_speed(1, 10'000'000'000);
  const size_t reader = link.add(1, PullClass::kGet);
  link.run_until(link.now_ns + kSecond);
  EXPECT_GT(ratio(link.done(reader), 10'000'000'000), 0.95);
  EXPECT_NEAR(ratio(link.scheduler.rate(link.flow(reader), link.now_ns), 10'000'000'000), 1.0, 0.1);
}

TEST(ReadScheduler, changing_the_class_of_a_flow_moves_what_it_has_in_flight) {
  PullOptions options;
  options.prefetch_bytes_in_flight_max = 2 * kChunk;
  Link link(options);
  link.set_speed(1, 1'000'000);
  const size_t first = link.add(1, PullClass::kPrefetch);
  const size_t second = link.add(2, PullClass::kPrefetch);
  link.post_all();
  EXPECT_EQ(link.in_flight(first) + link.in_flight(second), 2 * kChunk);
  // The first is wanted by a get now: prefetches have their room again.
  link.scheduler.offer(link.flow(first), PullClass::kGet);
  link.post_all();
  EXPECT_EQ(link.in_flight(second), kChunk);  // and no more while a get is under way
  link.run_until(link.now_ns + kSecond);
  EXPECT_EQ(link.in_flight(second), 2 * kChunk);
}

TEST(ReadScheduler, prefetches_have_little_in_flight_beside_gets_and_enough_alone) {
  PullOptions options;
  Link link(options);
  link.set_speed(1, 1'000'000'000);
  const size_t prefetch = link.add(1, PullClass::kPrefetch);
  link.run_until(link.now_ns + kSecond);
  // Alone the source never runs dry, and does not have more than some milliseconds' worth.
  EXPECT_GT(ratio(link.done(prefetch), 1'000'000'000), 0.95);
  EXPECT_GE(link.in_flight(prefetch), 2 * kChunk);
  EXPECT_LE(link.in_flight(prefetch), 5 * kChunk);
  const size_t get = link.add(1, PullClass::kGet, 64 * 1024);
  link.run_until(link.now_ns + 20 * kMs);
  link.scheduler.withdraw(link.flow(get));
  link.run_until(link.now_ns + 20 * kMs);
  EXPECT_LE(link.in_flight(prefetch), kChunk);
  // Some time after the last get it takes its room again.
  link.run_until(link.now_ns + 100 * kMs);
  EXPECT_GE(link.in_flight(prefetch), 2 * kChunk);
}

TEST(ReadScheduler, the_window_of_prefetches_follows_the_speed_of_their_source) {
  PullOptions options;
  options.prefetch_bytes_in_flight_max = 64 * kChunk;
  Link link(options);
  link.set_speed(1, 10'000'000'000);
  const size_t fast = link.add(1, PullClass::kPrefetch);
  link.run_until(link.now_ns + kSecond);
  EXPECT_GT(ratio(link.done(fast), 10'000'000'000), 0.95);
  EXPECT_GE(link.in_flight(fast), 30 * kChunk);
}

}  // namespace
}  // namespace obj
