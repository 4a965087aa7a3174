// SPDX-License-Identifier: Apache-2.0
// A daemon is killed, or the power fails, after each single event of a disk; then a new one opens
// the directory. What was acknowledged and not removed must be there and restore; all that is found
// must restore; room adds up, and comes back when everything is removed.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "spill/local_spill.hh"
#include "tests/seed.hh"
#include "tests/spill/fake_disk.hh"
#include "tests/spill/tier_probe.hh"

namespace obj {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

enum class End : uint8_t { kKilled, kPowerLost };

LocalSpillOptions options() {
  LocalSpillOptions options;
  SpillDirectoryOptions directory;
  directory.path = "/spill";
  directory.segment_bytes = kMiB;
  options.directories.push_back(directory);
  return options;
}

// One life of a daemon on the storage.
class Life {
 public:
  Life(FakeStorage& storage, uint64_t seed) : random_(seed) {
    auto disk = std::make_unique<FakeDisk>(storage, seed);
    disk_ = disk.get();
    auto spill = LocalSpill::open(options(), std::move(disk), {});
    OBJ_CHECK(spill.has_value());
    spill_ = std::move(*spill);
    spill_->set_completions(probe_);
  }
  // The daemon is simply no more.
  void end(End how) {
    how == End::kPowerLost ? disk_->lose_power() : disk_->kill();
    spill_->close(0);
    spill_.reset();
  }
  void close() {
    now_ns_ += 1'000'000'000;
    while (!spill_->is_idle() || spill_->due_ns() != kForeverNs) turn();
  }

  void turn() {
    now_ns_ += 1'000'000;
    spill_->step(now_ns_);
    disk_->progress(1);
  }
  bool run_until_events(uint64_t events_max, const std::function<bool()>& is_done) {
    while (!is_done()) {
      if (disk_->events() >= events_max) return false;
      turn();
    }
    return true;
  }

  LocalSpill& spill() { return *spill_; }
  TierProbe& probe() { return probe_; }
  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
  TierProbe probe_;
  FakeDisk* disk_ = nullptr;
  std::unique_ptr<LocalSpill> spill_;
  uint64_t now_ns_ = 1;
};

// What the user of the tier knows.
struct Known {
  uint64_t payload_bytes = 0;
  std::optional<SpillPlace> place;  // acknowledged
  bool is_removed = false;
};
using Book = std::map<uint64_t, Known>;

uint64_t some_size(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0: return 1 + random() % 300;
    case 1: return 4096;
    case 2: return 1 + random() % 20000;
    default: return 65536 + random() % 100000;
  }
}

// Writes, removes and restores until it is done, or the events are used up.
bool live(Life& life, Book& book, uint64_t first_number, uint64_t events_max) {
  for (int round = 0; round < 4; round++) {
    std::map<SpillCookie, uint64_t> asked;
    std::vector<WriteOrder> orders;
    for (int i = 0; i < 5; i++) {
      const uint64_t number = first_number++;
      const uint64_t payload_bytes = some_size(life.random());
      book[number].payload_bytes = payload_bytes;
      orders.push_back(life.probe().write_order(number, payload_bytes));
      asked[orders.back().cookie] = number;
    }
    life.spill().write(orders);
    const bool is_done =
        life.run_until_events(events_max, [&] { return life.probe().under_way() == 0; });
    for (const auto& [cookie, number] : asked) {
      const auto* const place = life.probe().written(cookie);
      if (place == nullptr) continue;
      EXPECT_TRUE(place->has_value());
      if (place->has_value()) book[number].place = **place;
    }
    if (!is_done) return false;
    for (auto& [number, known] : book) {
      if (!known.place || known.is_removed || life.random()() % 3 > 0) continue;
      life.spill().remove(*known.place);
      known.is_removed = true;
    }
    life.spill().check_invariants();
  }
  return true;
}

void check(FakeStorage& storage, Book& book, uint64_t seed) {
  Life life(storage, seed);
  life.spill().check_invariants();
  std::map<uint64_t, SpillPlace> found;
  for (const FoundRecord& each : life.spill().findings().records) {
    const uint64_t number = number_of(each.copy.id);
    ASSERT_TRUE(book.contains(number));
    EXPECT_EQ(each.copy, copy_of(number, book[number].payload_bytes));
    EXPECT_TRUE(found.emplace(number, each.place).second) << number << " is there twice";
  }
  EXPECT_EQ(life.spill().findings().damaged_segments, 0U);
  EXPECT_EQ(life.spill().findings().damaged_entries, 0U);
  EXPECT_EQ(life.spill().findings().lost_records, 0U);
  for (const auto& [number, known] : book) {
    if (!known.place || known.is_removed) continue;
    ASSERT_TRUE(found.contains(number)) << number << " was acknowledged and is lost";
    EXPECT_EQ(found[number], *known.place);
  }
  std::vector<RestoreOrder> orders;
  for (const auto& [number, place] : found) {
    orders.push_back(life.probe().restore_order(number, book[number].payload_bytes, place));
  }
  life.spill().restore(orders);
  life.run_until_events(UINT64_MAX, [&] { return life.probe().under_way() == 0; });
  for (const RestoreOrder& each : orders) {
    EXPECT_TRUE(life.probe().restored(each.cookie)->has_value());
  }
  // Nothing is leaked: with every record removed, all but the overhead is free.
  for (const auto& [number, place] : found) life.spill().remove(place);
  life.close();
  const SpillLedger ledger = life.spill().status().directories[0].ledger;
  EXPECT_EQ(ledger.free_bytes + ledger.overhead_bytes, ledger.size_bytes);
  EXPECT_EQ(ledger.records, 0U);
  book.clear();
}

class Crash : public testing::TestWithParam<End> {};

TEST_P(Crash, after_every_event_leaves_what_was_acknowledged) {
  const uint64_t seed = test_seed();
  bool is_complete = false;
  for (uint64_t events = 0; !is_complete && !testing::Test::HasFailure(); events++) {
    FakeStorage storage;
    Book book;
    Life life(storage, seed);
    is_complete = live(life, book, 1, events);
    life.end(GetParam());
    check(storage, book, seed + events);
    if (testing::Test::HasFailure()) ADD_FAILURE() << "after event " << events;
  }
}

TEST_P(Crash, again_and_again_on_one_directory_leaves_what_was_acknowledged) {
  const uint64_t seed = test_seed();
  for (uint64_t run = 0; run < 60 && !testing::Test::HasFailure(); run++) {
    std::mt19937_64 random(seed + run);
    FakeStorage storage;
    Book book;
    for (int lives = 0; lives < 6; lives++) {
      Life life(storage, random());
      std::map<uint64_t, SpillPlace> found;
      for (const FoundRecord& each : life.spill().findings().records) {
        found[number_of(each.copy.id)] = each.place;
      }
      for (auto& [number, known] : book) {
        // Both are right for what was under way; from now on it is what was found.
        if (known.place && !known.is_removed) {
          ASSERT_TRUE(found.contains(number)) << "run " << run << " number " << number;
        }
        if (found.contains(number)) {
          known.place = found[number];
          known.is_removed = false;
        } else {
          known.place.reset();
        }
      }
      live(life, book, 1 + static_cast<uint64_t>(lives) * 1000, random() % 150);
      life.end(GetParam());
    }
    check(storage, book, random());
    if (testing::Test::HasFailure()) ADD_FAILURE() << "run " << run;
  }
}

INSTANTIATE_TEST_SUITE_P(Ends, Crash, testing::Values(End::kKilled, End::kPowerLost),
                         [](const auto& end) {
                           return end.param == End::kKilled ? "killed" : "power_lost";
                         });

}  // namespace
}  // namespace obj
