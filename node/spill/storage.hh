// SPDX-License-Identifier: Apache-2.0
// node/spill/storage.hh -- the node's storage: what is in it, what goes there, what comes back.
//
// Joins the Spiller and the Restorer to the store, to the tier and to those who ask. No I/O and no
// clock of its own. See docs/spill.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "node/cold_storage.hh"
#include "node/remote/daemon_pins.hh"
#include "node/spill/restorer.hh"
#include "node/spill/spilled_objects.hh"
#include "node/spill/spiller.hh"
#include "spill/spill_tier.hh"
#include "store/admission.hh"
#include "store/object_store.hh"
#include "store/store_listener.hh"

namespace obj {

struct StorageOptions {
  SpillerOptions spiller;
  RestorerOptions restorer;
  // How long a create waits for storage that fails, before it fails too. Longer than
  // spiller.retry_ns, so that storage that works again is found to.
  uint64_t grace_ns = 2'000'000'000;
};

// All must outlive it. `pins` are those that Readers shows as kSpillSession's.
struct StorageParts {
  ObjectStore& store;
  Admission& admission;
  DaemonPins& pins;
  std::span<std::byte> arena;
  SpillTier& tier;
  ColdStorageNews& news;
  // The put that a primary in memory stems from, as other nodes know it.
  std::function<uint32_t(const Placement&)> origin_of;
};

// Threads: the reactor thread.
class Storage : public ColdStorage, public SpillCompletions, private StoreListener {
 public:
  Storage(const StorageParts& parts, const StorageOptions& options);
  ~Storage() override;

  // A record that was there when the node started. Of several of one id, the first counts, and the
  // others are removed. Before the first step().
  void found(const FoundRecord& record);

  // Decides and acts. Call it after each progress() of the tier and each batch of requests, and at
  // next_step_ns() at the latest.
  void step(uint64_t now_ns);
  // 0: there is something to do now.
  uint64_t next_step_ns() const;

  // Begins to write all that could be lost. How many.
  size_t drain() { return spiller_.request_all(); }
  // Primaries of which memory has the only copy.
  uint64_t count_unsafe() const;

  // ColdStorage.
  const SpilledObject* find(const ObjectId& id) const override { return spilled_.find(id); }
  void recall(const ObjectId& id, uint64_t deadline_ns, uint64_t now_ns) override;
  void remove(const ObjectId& id) override;
  void spill(const ObjectId& id, QuestionTag tag) override { spiller_.request(id, tag); }
  std::string why_hopeless(uint64_t now_ns) const override;
  void set_watcher(ColdStorageWatcher* watcher) override { watcher_ = watcher; }
  std::vector<ObjectId> list_cold() const override;
  void on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns) override {
    restorer_.on_create_outcome(outcome, now_ns);
  }

  // SpillCompletions.
  void on_written(SpillCookie cookie, const Result<SpillPlace>& place) override;
  void on_restored(SpillCookie cookie, const Result<void>& result) override;

  // For people, and for whoever waits for the end.
  const SpilledObjects& spilled() const { return spilled_; }
  const Spiller& spiller() const { return spiller_; }
  const Restorer& restorer() const { return restorer_; }
  size_t in_flight() const { return spiller_.writes_in_flight() + restorer_.reads_in_flight(); }

 private:
  // StoreListener.
  void on_sealed(const Placement&) override {}
  void on_gone(const Placement& placement, Departure why) override;

  void forget(const ObjectId& id);
  void tell_failure(const ObjectId& id, const SpillPlace& place, const Error& error);

  ObjectStore& store_;
  Admission& admission_;
  SpillTier& tier_;
  ColdStorageNews& news_;
  ColdStorageWatcher* watcher_ = nullptr;
  const uint64_t grace_ns_;
  ObjectId front_id_{};                   // the create that waits
  uint64_t front_since_ns_ = kForeverNs;  // kForeverNs: none does
  uint64_t now_ns_ = 0;                   // of the last step()
  SpilledObjects spilled_;
  Spiller spiller_;
  Restorer restorer_;
};

}  // namespace obj
