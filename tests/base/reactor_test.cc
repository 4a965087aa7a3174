// SPDX-License-Identifier: Apache-2.0
// The reactor's one recipe, drain, arm, drain, sleep, with a source that behaves like a completion
// queue; and the descriptors it watches. Waits are bounded by the reactor's own time limit: a lost
// wake-up shows as a run_once() that took the whole limit.
#include "base/reactor.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <functional>
#include <thread>
#include <utility>

#include "base/clock.hh"

namespace obj {
namespace {

constexpr int kSleepMsMax = 10'000;
constexpr uint64_t kSoonNs = 5'000'000'000;

UniqueFd make_bell() { return UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

void ring(const UniqueFd& bell) {
  const uint64_t one = 1;
  EXPECT_EQ(::write(bell.get(), &one, sizeof one), 8);
}

void silence(const UniqueFd& bell) {
  uint64_t counter;
  while (::read(bell.get(), &counter, sizeof counter) > 0) {
  }
}

// Behaves like a CQ with its channel: an event raises the fd only if the source was armed before.
class OneShotSource : public EventSource {
 public:
  int fd() const override { return bell_.get(); }
  uint32_t progress(uint32_t events_max) override {
    silence(bell_);
    const uint32_t handled = ready_ < events_max ? ready_ : events_max;
    ready_ -= handled;
    return handled;
  }
  bool arm() override {
    if (before_arm) std::exchange(before_arm, nullptr)();
    armed_ = true;
    if (after_arm) std::exchange(after_arm, nullptr)();
    return may_sleep;
  }
  void disarm() override { disarmed_count++; }
  void post(uint32_t count = 1) {
    ready_ += count;
    if (std::exchange(armed_, false)) ring(bell_);
  }

  std::function<void()> before_arm;
  std::function<void()> after_arm;
  bool may_sleep = true;
  int disarmed_count = 0;

 private:
  UniqueFd bell_ = make_bell();
  uint32_t ready_ = 0;
  bool armed_ = false;
};

// Counts its calls; what each call does beside is up to the test.
class CountingHandler : public FdHandler {
 public:
  void on_ready() override {
    calls++;
    if (then) then();
  }
  int calls = 0;
  std::function<void()> then;
};

class ReactorTest : public testing::Test {
 protected:
  // Whether run_once() came back with `events` long before its time limit.
  void expect_prompt(uint32_t events) {
    const uint64_t start_ns = monotonic_ns();
    EXPECT_EQ(reactor_.run_once(kSleepMsMax), events);
    EXPECT_LT(monotonic_ns() - start_ns, kSoonNs);
  }

  Reactor reactor_ = Reactor::create().value();
};

TEST_F(ReactorTest, handles_an_event_that_lands_between_drain_and_arm) {
  OneShotSource source;
  ASSERT_TRUE(reactor_.add(source));
  source.before_arm = [&] { source.post(); };
  expect_prompt(1);
}

TEST_F(ReactorTest, handles_an_event_that_lands_right_after_arm) {
  OneShotSource source;
  ASSERT_TRUE(reactor_.add(source));
  source.after_arm = [&] { source.post(); };
  expect_prompt(1);
}

TEST_F(ReactorTest, does_not_sleep_when_a_source_could_not_be_armed) {
  OneShotSource source;
  source.may_sleep = false;
  ASSERT_TRUE(reactor_.add(source));
  expect_prompt(0);
}

TEST_F(ReactorTest, wakes_for_an_event_of_another_thread) {
  OneShotSource idle;
  CountingHandler handler;
  const UniqueFd bell = make_bell();
  ASSERT_TRUE(reactor_.add(idle));
  ASSERT_TRUE(reactor_.watch(bell.get(), handler));
  std::thread other([&] { ring(bell); });
  expect_prompt(1);
  other.join();
  EXPECT_EQ(handler.calls, 1);
}

TEST_F(ReactorTest, sleeps_and_returns_zero_when_idle) {
  OneShotSource source;
  ASSERT_TRUE(reactor_.add(source));
  EXPECT_EQ(reactor_.run_once(1), 0u);
  EXPECT_EQ(source.disarmed_count, 1);
}

TEST_F(ReactorTest, bounds_the_work_taken_from_one_source) {
  OneShotSource busy;
  OneShotSource quiet;
  ASSERT_TRUE(reactor_.add(busy));
  ASSERT_TRUE(reactor_.add(quiet));
  busy.post(1000);
  quiet.post(1);
  EXPECT_EQ(reactor_.run_once(0), 65u);  // 64 of the busy one, and the quiet one's turn
}

TEST_F(ReactorTest, takes_a_source_without_descriptor) {
  class Rings : public OneShotSource {
    int fd() const override { return -1; }
  };
  Rings rings;
  ASSERT_TRUE(reactor_.add(rings));
  rings.post();
  EXPECT_EQ(reactor_.run_once(0), 1u);
}

TEST_F(ReactorTest, polls_instead_of_arming_until_the_spin_is_over) {
  Reactor polling = Reactor::create(uint64_t{3'600} * 1'000'000'000).value();
  OneShotSource source;
  ASSERT_TRUE(polling.add(source));
  source.post();
  EXPECT_EQ(polling.run_once(kSleepMsMax), 1u);
  source.before_arm = [] { ADD_FAILURE() << "armed while it should poll"; };
  for (int i = 0; i < 100; i++) EXPECT_EQ(polling.run_once(kSleepMsMax), 0u);
}

TEST_F(ReactorTest, looks_at_descriptors_while_sources_are_busy) {
  OneShotSource busy;
  CountingHandler handler;
  const UniqueFd bell = make_bell();
  ASSERT_TRUE(reactor_.add(busy));
  ASSERT_TRUE(reactor_.watch(bell.get(), handler));
  ring(bell);
  const uint64_t deadline_ns = monotonic_ns() + kSoonNs;
  while (handler.calls == 0 && monotonic_ns() < deadline_ns) {
    busy.post();
    reactor_.run_once(kSleepMsMax);
  }
  EXPECT_GE(handler.calls, 1);
}

TEST_F(ReactorTest, calls_a_handler_as_long_as_its_descriptor_is_readable) {
  CountingHandler handler;
  const UniqueFd bell = make_bell();
  ASSERT_TRUE(reactor_.watch(bell.get(), handler));
  ring(bell);
  expect_prompt(1);
  expect_prompt(1);
  silence(bell);
  EXPECT_EQ(reactor_.run_once(1), 0u);
  EXPECT_EQ(handler.calls, 2);
}

TEST_F(ReactorTest, calls_a_handler_once_for_each_edge_though_nobody_reads) {
  CountingHandler handler;
  const UniqueFd bell = make_bell();
  ring(bell);
  ASSERT_TRUE(reactor_.watch_edges(bell.get(), handler));
  expect_prompt(1);
  EXPECT_EQ(reactor_.run_once(1), 0u);
  for (int n = 2; n < 10; n++) {
    ring(bell);
    expect_prompt(1);
    EXPECT_EQ(handler.calls, n);
    EXPECT_EQ(reactor_.run_once(1), 0u);
  }
}

TEST_F(ReactorTest, unwatch_stops_what_was_ready_in_the_same_round) {
  // Both are ready at once; whichever is called first unwatches the other.
  CountingHandler handlers[2];
  const UniqueFd bells[2] = {make_bell(), make_bell()};
  for (int i = 0; i < 2; i++) {
    ASSERT_TRUE(reactor_.watch(bells[i].get(), handlers[i]));
    ring(bells[i]);
    handlers[i].then = [&, other = 1 - i] {
      reactor_.unwatch(bells[other].get(), handlers[other]);
    };
  }
  reactor_.run_once(kSleepMsMax);
  EXPECT_EQ(handlers[0].calls + handlers[1].calls, 1);
}

TEST_F(ReactorTest, handler_may_unwatch_itself) {
  CountingHandler handler;
  const UniqueFd bell = make_bell();
  ASSERT_TRUE(reactor_.watch(bell.get(), handler));
  handler.then = [&] { reactor_.unwatch(bell.get(), handler); };
  ring(bell);
  expect_prompt(1);
  EXPECT_EQ(reactor_.run_once(1), 0u);
  EXPECT_EQ(handler.calls, 1);
}

TEST_F(ReactorTest, notices_a_hang_up) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  CountingHandler handler;
  ASSERT_TRUE(reactor_.watch(reader.get(), handler));
  ::close(ends[1]);
  expect_prompt(1);
  EXPECT_EQ(handler.calls, 1);
}

TEST_F(ReactorTest, refuses_to_watch_what_is_no_descriptor) {
  CountingHandler handler;
  const auto refused = reactor_.watch(-1, handler);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kSystem);
  EXPECT_EQ(refused.error().system_errno, EBADF);
}

}  // namespace
}  // namespace obj
