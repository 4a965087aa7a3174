// SPDX-License-Identifier: Apache-2.0
// tests/node/fake_tier.hh -- storage in memory, as slow and as broken as the test says.
//
// Fault model: nothing completes before complete() is called, then in any order if `random` is set;
// writes fail with write_error, or for want of room; restores fail with restore_error; a damaged
// record is found to be so; a record can be lost. Payloads are copied when the write *completes*,
// and destinations are scribbled over before a restore completes: who reuses them too early shows.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "spill/spill_tier.hh"

namespace obj {

// What a disk keeps when the process that wrote it is gone.
struct FakeDisk {
  struct Record {
    SpillCopy copy;
    std::vector<std::byte> payload;
    bool is_damaged = false;
  };
  std::map<uint64_t, Record> records;  // by offset
  uint64_t next_offset = 0;
  uint64_t capacity_bytes = UINT64_MAX;

  uint64_t used_bytes() const {
    uint64_t bytes = 0;
    for (const auto& [offset, record] : records) bytes += record.payload.size();
    return bytes;
  }
  std::vector<FoundRecord> found() const {
    std::vector<FoundRecord> all;
    for (const auto& [offset, record] : records) {
      all.push_back({record.copy, {0, 0, offset, record.payload.size()}});
    }
    return all;
  }
};

class FakeTier : public SpillTier {
 public:
  explicit FakeTier(FakeDisk& disk) : disk_(disk) {}

  void attach(SpillCompletions& completions) { completions_ = &completions; }

  void write(std::span<const WriteOrder> orders) override {
    write_batches++;
    for (const WriteOrder& order : orders) {
      writes++;
      EXPECT_TRUE(being_written_.insert({order.copy.id, order.copy.origin}).second)
          << "written twice at once";
      pending_.push_back(order);
    }
  }
  void restore(std::span<const RestoreOrder> orders) override {
    for (const RestoreOrder& order : orders) {
      reads++;
      reading_[order.place.offset]++;
      pending_.push_back(order);
    }
  }
  void remove(const SpillPlace& place) override {
    // A restore in flight completes first.
    if (reading_.contains(place.offset)) {
      removed_later_.insert(place.offset);
    } else {
      disk_.records.erase(place.offset);
    }
  }
  std::string url(const SpillPlace& place) const override {
    return "file:///fake/0?offset=" + std::to_string(place.offset) +
           "&size=" + std::to_string(place.size);
  }
  Result<SpillPlace> place(std::string_view) const override {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "fake"});
  }
  uint64_t room_bytes() const override {
    return disk_.capacity_bytes - std::min(disk_.capacity_bytes, disk_.used_bytes());
  }

  size_t pending() const { return pending_.size(); }
  // Completes up to `count_max` of what was posted.
  size_t complete(size_t count_max = SIZE_MAX) {
    size_t done = 0;
    for (; done < count_max && !pending_.empty(); done++) {
      const size_t at = random ? (*random)() % pending_.size() : 0;
      const auto order = pending_[at];
      pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(at));
      std::visit([this](const auto& each) { finish(each); }, order);
    }
    return done;
  }

  std::optional<Error> write_error;
  std::optional<Error> restore_error;
  std::mt19937_64* random = nullptr;
  int writes = 0;
  int write_batches = 0;
  int reads = 0;

 private:
  void finish(const WriteOrder& order) {
    being_written_.erase({order.copy.id, order.copy.origin});
    if (write_error) return completions_->on_written(order.cookie, std::unexpected(*write_error));
    if (order.payload.size() > room_bytes()) {
      return completions_->on_written(order.cookie,
                                      std::unexpected(Error{ErrorCode::kLimit, 28, "fake disk"}));
    }
    const uint64_t offset = disk_.next_offset++;
    disk_.records[offset] = {order.copy, {order.payload.begin(), order.payload.end()}};
    completions_->on_written(order.cookie, SpillPlace{0, 0, offset, order.payload.size()});
  }
  void finish(const RestoreOrder& order) {
    if (--reading_[order.place.offset] == 0) reading_.erase(order.place.offset);
    const Result<void> result = read(order);
    if (!reading_.contains(order.place.offset) && removed_later_.erase(order.place.offset) > 0) {
      disk_.records.erase(order.place.offset);
    }
    completions_->on_restored(order.cookie, result);
  }
  Result<void> read(const RestoreOrder& order) {
    std::memset(order.destination.data(), 0xee, order.destination.size());
    if (restore_error) return std::unexpected(*restore_error);
    const auto found = disk_.records.find(order.place.offset);
    if (found == disk_.records.end())
      return std::unexpected(Error{ErrorCode::kNotFound, 0, "fake"});
    EXPECT_EQ(found->second.copy, order.copy);
    EXPECT_EQ(found->second.payload.size(), order.destination.size());
    if (found->second.is_damaged) return std::unexpected(Error{ErrorCode::kInvalid, 0, "fake"});
    std::ranges::copy(found->second.payload, order.destination.begin());
    return {};
  }

  FakeDisk& disk_;
  SpillCompletions* completions_ = nullptr;
  std::vector<std::variant<WriteOrder, RestoreOrder>> pending_;
  std::set<std::pair<ObjectId, uint32_t>> being_written_;
  std::map<uint64_t, int> reading_;
  std::set<uint64_t> removed_later_;
};

}  // namespace obj
