// SPDX-License-Identifier: Apache-2.0
// Random writes, restores and removals, with faults, restarts, two directories: against a map of
// what there must be. The ledger adds up after each, and is what the model says when all is
// settled.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/seed.hh"
#include "tests/spill/fake_tier.hh"

namespace obj {
namespace {

struct Held {
  uint64_t payload_bytes = 0;
  SpillPlace place;
};

class RandomPlay {
 public:
  explicit RandomPlay(uint64_t seed) : random_(seed) { open(); }

  void run() {
    for (int step = 0; step < 300 && !testing::Test::HasFailure(); step++) {
      switch (random_() % 8) {
        case 0:
        case 1:
        case 2: write(); break;
        case 3:
        case 4: restore(); break;
        case 5: remove(); break;
        case 6: settle(); break;
        case 7:
          if (random_() % 6 == 0) restart();
          break;
      }
      (*tier_)->check_invariants();
      for (const auto& directory : (*tier_)->status().directories) {
        const SpillLedger& ledger = directory.ledger;
        EXPECT_EQ(ledger.overhead_bytes + ledger.live_bytes + ledger.writing_bytes +
                      ledger.free_bytes + ledger.dead_bytes,
                  ledger.size_bytes);
        EXPECT_LE(ledger.dead_bytes, ledger.size_bytes) << "an account below zero";
      }
    }
  }

 private:
  void open() {
    tier_ = std::make_unique<FakeTier>(storage_, std::vector<std::string>{"/a", "/b"});
    tier_->disk().fault = [this](const DiskOrder& order, const std::string&) -> FakeDisk::Fate {
      if (order.kind == DiskOrder::Kind::kSync || fate_() % 4 > 0) return {};
      if (order.kind == DiskOrder::Kind::kAllocate) return {};
      return {0, order.size_bytes / (1 + fate_() % 3)};  // short
    };
  }

  uint64_t some_size() {
    switch (random_() % 5) {
      case 0: return 1 + random_() % 200;
      case 1: return 4096;
      case 2: return 1 + random_() % 65535;
      case 3: return 65536 + random_() % 300000;
      default: return 64 * (1 + random_() % 100);
    }
  }

  void write() {
    std::vector<WriteOrder> orders;
    std::vector<uint64_t> numbers;
    for (uint64_t i = 1 + random_() % 12; i > 0; i--) {
      numbers.push_back(next_number_++);
      orders.push_back(tier_->probe().write_order(numbers.back(), some_size()));
    }
    (*tier_)->write(orders);
    tier_->run();
    for (size_t i = 0; i < orders.size(); i++) {
      const auto& place = *tier_->probe().written(orders[i].cookie);
      ASSERT_TRUE(place.has_value());
      held_[numbers[i]] = {copy_sizes(orders[i].copy), *place};
    }
  }
  static uint64_t copy_sizes(const SpillCopy& copy) {
    return copy.data_bytes + copy.metadata_bytes;
  }

  void restore() {
    std::vector<RestoreOrder> orders;
    for (const auto& [number, held] : held_) {
      if (random_() % 3 == 0) {
        orders.push_back(tier_->probe().restore_order(number, held.payload_bytes, held.place));
      }
    }
    (*tier_)->restore(orders);
    tier_->run();
    for (const RestoreOrder& each : orders) {
      EXPECT_TRUE(tier_->probe().restored(each.cookie)->has_value());
    }
  }

  void remove() {
    for (auto at = held_.begin(); at != held_.end();) {
      if (random_() % 4 > 0) {
        ++at;
        continue;
      }
      (*tier_)->remove(at->second.place);
      const auto gone = tier_->restore(at->first, at->second.payload_bytes, at->second.place);
      EXPECT_FALSE(gone.has_value());
      at = held_.erase(at);
    }
  }

  void settle() {
    tier_->settle();
    uint64_t live_bytes = 0;
    uint64_t records = 0;
    for (const auto& directory : (*tier_)->status().directories) {
      live_bytes += directory.ledger.live_bytes;
      records += directory.ledger.records;
      EXPECT_EQ(directory.ledger.writing_bytes, 0U);
    }
    uint64_t wanted = 0;
    for (const auto& [number, held] : held_) wanted += held.place.size;
    EXPECT_EQ(live_bytes, wanted);
    EXPECT_EQ(records, held_.size());
  }

  void restart() {
    tier_->end_life();
    open();
    const auto& found = (*tier_)->findings().records;
    EXPECT_EQ(found.size(), held_.size());
    for (const FoundRecord& each : found) {
      const auto at = held_.find(number_of(each.copy.id));
      ASSERT_NE(at, held_.end());
      EXPECT_EQ(at->second.place, each.place);
    }
  }

  std::mt19937_64 random_;
  std::mt19937_64 fate_{7};
  FakeStorage storage_;
  std::unique_ptr<FakeTier> tier_;
  std::map<uint64_t, Held> held_;
  uint64_t next_number_ = 1;
};

TEST(SpillRandom, agrees_with_a_map) {
  const uint64_t seed = test_seed();
  for (uint64_t run = 0; run < 20 && !testing::Test::HasFailure(); run++) {
    RandomPlay(seed + run).run();
    if (testing::Test::HasFailure()) ADD_FAILURE() << "run " << run;
  }
}

}  // namespace
}  // namespace obj
