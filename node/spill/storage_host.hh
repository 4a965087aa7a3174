// SPDX-License-Identifier: Apache-2.0
// node/spill/storage_host.hh -- the node's storage with its directories: what drives it.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "base/reactor.hh"
#include "node/config.hh"
#include "node/spill/storage.hh"
#include "spill/local_spill.hh"

namespace obj {

// What storage works on; see StorageParts.
struct StorageHostParts {
  ObjectStore& store;
  Admission& admission;
  DaemonPins& pins;
  std::span<std::byte> arena;
  ColdStorageNews& news;
  std::function<uint32_t(const Placement&)> origin_of;
};

// Lifetime: all parts must outlive it, and so must the reactor that it is added to.
// Threads:  the reactor thread.
class StorageHost {
 public:
  // Opens the directories and takes stock of what is in them. On failure: a sentence with cause and
  // mend.
  static std::expected<std::unique_ptr<StorageHost>, std::string> start(
      const SpillConfig& config, const StorageHostParts& parts, Reactor& reactor);
  // Waits for what the disks have still to do.
  ~StorageHost();

  Storage& storage() { return storage_; }
  const LocalSpill& tier() const { return *tier_; }

  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  // For a clean end: everything that could be lost is written, or cannot be. Blocks, up to the
  // deadline. How many objects are left that would be lost.
  uint64_t drain(uint64_t deadline_ns);

 private:
  StorageHost(std::unique_ptr<LocalSpill> tier, const StorageHostParts& parts,
              const StorageOptions& options);

  std::unique_ptr<LocalSpill> tier_;
  Storage storage_;
  bool has_more_ = false;
};

}  // namespace obj
