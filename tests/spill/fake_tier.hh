// SPDX-License-Identifier: Apache-2.0
// tests/spill/fake_tier.hh -- a LocalSpill on a FakeDisk, with a clock that moves by itself.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "spill/local_spill.hh"
#include "tests/spill/fake_disk.hh"
#include "tests/spill/tier_probe.hh"

namespace obj {

class FakeTier {
 public:
  static LocalSpillOptions options(const std::vector<std::string>& paths) {
    LocalSpillOptions options;
    for (const std::string& path : paths) {
      SpillDirectoryOptions directory;
      directory.path = path;
      directory.segment_bytes = uint64_t{1} << 20;
      options.directories.push_back(directory);
    }
    return options;
  }

  explicit FakeTier(FakeStorage& storage, const std::vector<std::string>& paths = {"/spill"})
      : FakeTier(storage, options(paths)) {}
  FakeTier(FakeStorage& storage, const LocalSpillOptions& options) : storage_(storage) {
    auto disk = std::make_unique<FakeDisk>(storage, 1);
    disk_ = disk.get();
    auto spill = LocalSpill::open(options, std::move(disk), {});
    OBJ_CHECK(spill.has_value());
    spill_ = std::move(*spill);
    spill_->set_completions(probe_);
  }
  ~FakeTier() { end_life(); }

  // As a daemon that stops in order. Nothing may be called afterwards.
  void end_life() {
    if (spill_ == nullptr) return;
    disk_->fault = nullptr;
    settle();
    spill_.reset();
    storage_.daemon_died();
  }

  LocalSpill* operator->() { return spill_.get(); }
  TierProbe& probe() { return probe_; }
  FakeDisk& disk() { return *disk_; }

  void step() { spill_->step(now_ns_ += 1'000'000); }
  void let_pass(uint64_t ns) { now_ns_ += ns; }
  // Until every order has its outcome.
  void run() {
    for (int turns = 0; probe_.under_way() > 0; turns++) {
      OBJ_CHECK(turns < 1'000'000);
      step();
      disk_->progress(1);
    }
  }
  // Until nothing is in flight, and removals are durable.
  void settle() {
    for (int turns = 0; !spill_->is_idle() || spill_->due_ns() != kForeverNs; turns++) {
      OBJ_CHECK(turns < 1'000'000);
      step();
      disk_->progress(1);
    }
  }

  Result<SpillPlace> write(uint64_t number, uint64_t payload_bytes) {
    const WriteOrder order = probe_.write_order(number, payload_bytes);
    spill_->write({&order, 1});
    run();
    return *probe_.written(order.cookie);
  }
  Result<void> restore(uint64_t number, uint64_t payload_bytes, const SpillPlace& place) {
    const RestoreOrder order = probe_.restore_order(number, payload_bytes, place);
    spill_->restore({&order, 1});
    run();
    return *probe_.restored(order.cookie);
  }

 private:
  FakeStorage& storage_;
  TierProbe probe_;
  FakeDisk* disk_ = nullptr;
  std::unique_ptr<LocalSpill> spill_;
  uint64_t now_ns_ = 1;
};

}  // namespace obj
