// SPDX-License-Identifier: Apache-2.0
// tests/stress/pin_stress_test.cc -- eviction and reuse at full speed under reading processes.
//
// Method: a small arena; a writer that keeps making objects whose every byte tells whose it is, so
// that memory is reused all the time; readers that get them and check every byte, when they get a
// view and again when they release it. docs/notes/pin_protocol.md says that no byte is ever wrong;
// the control, a daemon that skips the scan of pins, shows that this test would see it.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/wait_until.hh"
#include "tests/seed.hh"
#include "tests/stress/pin_stress/blind_node.hh"
#include "tests/stress/pin_stress/reader.hh"
#include "tests/stress/pin_stress/scoreboard.hh"
#include "tests/stress/pin_stress/writer.hh"

namespace obj {
namespace {

constexpr int kReaders = 2;
constexpr uint64_t kGets = 50'000'000 / (kSlowness * kSlowness);
constexpr uint64_t kEvictions = 1'000'000 / (kSlowness * kSlowness);
constexpr uint64_t kLimitMs = 85'000;
constexpr uint64_t kControlLimitMs = 30'000;

// A writer and readers against the daemon on `socket`, as processes.
class Crowd {
 public:
  Crowd(const std::string& socket, uint64_t seed) {
    children_.emplace_back([&](TalkLine&) { return run_writer(socket, *board_); });
    for (int n = 0; n < kReaders; n++) {
      seed++;
      children_.emplace_back([&](TalkLine&) { return run_reader(socket, seed, *board_); });
    }
  }

  const Scoreboard& board() const { return *board_; }

  // Ends them all. Each must have been content with its daemon.
  void stop() {
    board_->stop.store(1);
    for (Child& child : children_) EXPECT_EQ(child.wait(), 0);
  }

 private:
  SharedScoreboard board_;
  std::vector<Child> children_;
};

unsigned long long number(uint64_t value) { return value; }

TEST(PinStress, finds_no_wrong_byte) {
  ObjdProcess objd({"--object-store-memory", "4M", "--objects-max", "32768"});
  const Client watcher = objd.open();
  const uint64_t start_ns = monotonic_ns();
  Crowd crowd(objd.socket(), test_seed());
  const Scoreboard& board = crowd.board();
  uint64_t evictions = 0;
  wait_until(
      [&] {
        const timespec pause{0, 100'000'000};
        ::nanosleep(&pause, nullptr);
        evictions = status_of(watcher)["counters"]["evicted_objects"];
        return board.wrong > 0 || (board.gets >= kGets && evictions >= kEvictions);
      },
      kLimitMs);
  crowd.stop();
  std::printf("%llu gets, %llu evictions, %llu misses, %llu wrong, %.1f s\n", number(board.gets),
              number(evictions), number(board.misses), number(board.wrong),
              ms_since(start_ns) / 1000);
  EXPECT_EQ(board.wrong, 0u);
  EXPECT_GE(board.gets, kGets);
  EXPECT_GE(evictions, kEvictions);
  EXPECT_EQ(status_of(watcher, true)["audit"]["agrees"], true);
  EXPECT_EQ(status_of(watcher)["ledger"]["withdrawn"]["objects"], 0);
  EXPECT_EQ(objd.terminate(), 0);
}

TEST(PinStress, finds_wrong_bytes_when_the_scan_of_pins_is_left_out) {
  const TempDir dir;
  const std::string socket = dir.file("blind.sock");
  Child blind([&](TalkLine&) { return run_blind_node(socket); });
  ASSERT_TRUE(wait_until([&] { return connect_to(socket).get() >= 0; }));
  const uint64_t start_ns = monotonic_ns();
  Crowd crowd(socket, test_seed());
  EXPECT_TRUE(wait_until([&] { return crowd.board().wrong > 0; }, kControlLimitMs));
  crowd.stop();
  std::printf("%llu wrong in %llu gets, %.1f s\n", number(crowd.board().wrong),
              number(crowd.board().gets), ms_since(start_ns) / 1000);
}

}  // namespace
}  // namespace obj
