// SPDX-License-Identifier: Apache-2.0
// tests/spill/tier_probe.hh -- a user of a LocalSpill: an arena, objects with known bytes,
// outcomes.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hh"
#include "spill/aligned_buffer.hh"
#include "spill/local_spill.hh"

namespace obj {

// The object of a number: its id, and bytes that no other has.
inline SpillCopy copy_of(uint64_t number, uint64_t payload_bytes) {
  SpillCopy copy;
  std::memcpy(copy.id.bytes.data(), &number, sizeof number);
  copy.origin = static_cast<uint32_t>(number * 7 + 1);
  copy.metadata_bytes = static_cast<uint32_t>(std::min<uint64_t>(payload_bytes, number % 5));
  copy.data_bytes = payload_bytes - copy.metadata_bytes;
  return copy;
}

inline uint64_t number_of(const ObjectId& id) {
  uint64_t number = 0;
  std::memcpy(&number, id.bytes.data(), sizeof number);
  return number;
}

inline void fill_payload(uint64_t number, std::span<std::byte> payload) {
  uint64_t state = number * 0x9e3779b97f4a7c15 + 1;
  for (size_t i = 0; i < payload.size(); i += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    std::memcpy(payload.data() + i, &state, std::min<size_t>(8, payload.size() - i));
  }
}

// Outcomes, by cookie. Each order is given memory of its own, which is freed with its outcome.
class TierProbe : public SpillCompletions {
 public:
  struct Order {
    uint64_t number = 0;
    std::unique_ptr<AlignedBuffer> memory;
  };

  void on_written(SpillCookie cookie, const Result<SpillPlace>& place) override {
    ASSERT_EQ(under_way_.count(cookie), 1U) << "completed twice, or never asked for";
    written_.emplace(cookie, place);
    under_way_.erase(cookie);
  }
  void on_restored(SpillCookie cookie, const Result<void>& result) override {
    ASSERT_EQ(under_way_.count(cookie), 1U) << "completed twice, or never asked for";
    if (result) {
      const Order& order = under_way_.at(cookie);
      const auto bytes = order.memory->bytes();
      std::vector<std::byte> wanted(bytes.size());
      fill_payload(order.number, wanted);
      EXPECT_TRUE(std::memcmp(wanted.data(), bytes.data(), bytes.size()) == 0)
          << "wrong bytes of object " << order.number;
    }
    restored_.emplace(cookie, result);
    under_way_.erase(cookie);
  }

  WriteOrder write_order(uint64_t number, uint64_t payload_bytes) {
    const SpillCookie cookie = next_cookie_++;
    Order& order = under_way_[cookie];
    order = {number, std::make_unique<AlignedBuffer>(payload_bytes)};
    fill_payload(number, order.memory->bytes());
    return {cookie, copy_of(number, payload_bytes), order.memory->bytes()};
  }
  RestoreOrder restore_order(uint64_t number, uint64_t payload_bytes, const SpillPlace& place) {
    const SpillCookie cookie = next_cookie_++;
    Order& order = under_way_[cookie];
    order = {number, std::make_unique<AlignedBuffer>(payload_bytes)};
    std::memset(order.memory->bytes().data(), 0xee, payload_bytes);
    return {cookie, place, copy_of(number, payload_bytes), order.memory->bytes()};
  }

  size_t under_way() const { return under_way_.size(); }
  const Result<SpillPlace>* written(SpillCookie cookie) const {
    const auto at = written_.find(cookie);
    return at == written_.end() ? nullptr : &at->second;
  }
  const Result<void>* restored(SpillCookie cookie) const {
    const auto at = restored_.find(cookie);
    return at == restored_.end() ? nullptr : &at->second;
  }

 private:
  SpillCookie next_cookie_ = 1;
  std::unordered_map<SpillCookie, Order> under_way_;
  std::unordered_map<SpillCookie, Result<SpillPlace>> written_;
  std::unordered_map<SpillCookie, Result<void>> restored_;
};

// A tier with its probe, on a disk that completes by itself in time.
class LiveTier {
 public:
  explicit LiveTier(std::unique_ptr<LocalSpill> spill) : spill_(std::move(spill)) {
    spill_->set_completions(probe_);
  }
  ~LiveTier() {
    if (spill_ != nullptr) spill_->close(monotonic_ns() + 10'000'000'000);
  }

  LocalSpill& operator*() { return *spill_; }
  LocalSpill* operator->() { return spill_.get(); }
  TierProbe& probe() { return probe_; }

  // False: not within 20 s.
  bool run_until(const std::function<bool()>& is_done) {
    const uint64_t deadline_ns = monotonic_ns() + 20'000'000'000;
    while (!is_done()) {
      if (monotonic_ns() > deadline_ns) return false;
      spill_->step(monotonic_ns());
      spill_->events().progress(64);
    }
    return true;
  }

  Result<SpillPlace> write(uint64_t number, uint64_t payload_bytes) {
    const WriteOrder order = probe_.write_order(number, payload_bytes);
    spill_->write({&order, 1});
    EXPECT_TRUE(run_until([&] { return probe_.written(order.cookie) != nullptr; }));
    return *probe_.written(order.cookie);
  }
  Result<void> restore(uint64_t number, uint64_t payload_bytes, const SpillPlace& place) {
    const RestoreOrder order = probe_.restore_order(number, payload_bytes, place);
    spill_->restore({&order, 1});
    EXPECT_TRUE(run_until([&] { return probe_.restored(order.cookie) != nullptr; }));
    return *probe_.restored(order.cookie);
  }

 private:
  TierProbe probe_;
  std::unique_ptr<LocalSpill> spill_;
};

}  // namespace obj
