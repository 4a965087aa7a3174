// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_manager.hh -- which objects are pulled to this node, and in what order. Pure.
//
// Somebody who wants a set of objects here requests a bundle. The manager subscribes to where they
// are, starts bundles within the memory budget, pulls what is missing, each object once however
// many bundles want it, and reports each bundle done or failed, once. See docs/pull_manager.md.
//
// The driver reports what happened (on_...), then calls advance() and carries out the actions, in
// order. Events of one batch cost little; decisions are made in advance().
//
// Lifetime: no action refers to the manager; it may be destroyed at any time by a driver that knows
//           that no posted read is in flight.
// Threads:  the reactor thread.
// Limits:   kObjectsMax wanted at once.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hh"
#include "fabric/pull/activation.hh"
#include "fabric/pull/bundle.hh"
#include "fabric/pull/jitter.hh"
#include "fabric/pull/pull_action.hh"
#include "fabric/pull/pull_budget.hh"
#include "fabric/pull/pull_options.hh"
#include "fabric/pull/read_scheduler.hh"
#include "fabric/pull/running_pulls.hh"
#include "fabric/pull/wanted_objects.hh"

namespace obj {

// One transfer, for people.
struct TransferDescription {
  ObjectId id;
  PullClass pull_class;
  uint64_t transfer_bytes;
  uint64_t verified_bytes;
  std::vector<std::pair<SourceNode, uint64_t>> sources;  // with their rate in bytes/s; 0: unknown
  const char* waits_for;  // "memory", "source", "restore", "bytes", "drain"
};

class PullManager {
 public:
  static constexpr size_t kObjectsMax = 1u << 20;

  // `seed`: for jitter and the choice among many sources; different on each node.
  PullManager(const PullOptions& options, uint64_t seed);
  ~PullManager();

  // ---- requests --------------------------------------------------------------------------------
  // All of `ids`, duplicates allowed, pinned here together for an instant; BundleDone or
  // BundleFailed follows. kLimit: more than kObjectsMax objects would be wanted.
  Result<BundleId> request(PullClass pull_class, std::span<const ObjectId> ids, uint64_t now_ns);
  // No BundleDone or BundleFailed will come any more. One that ended already: no effect.
  void cancel(BundleId bundle);

  // ---- what is the case ------------------------------------------------------------------------
  // The directory's word on a subscribed object; without this node's own copies. Others: ignored.
  void on_located(const ObjectId& id, const ObjectRecord& record, uint64_t now_ns);
  // Sealed in this node's memory, whoever brought it; also when `hold` changes, together with the
  // limit of on_budget(). Not subscribed: ignored.
  void on_local(const ObjectId& id, uint64_t extent_bytes, LocalHold hold, uint64_t now_ns);
  // No longer: evicted before a Pin, or deleted.
  void on_local_gone(const ObjectId& id, uint64_t now_ns);
  // The directory declared this life of the node dead. It is believed for good.
  void on_node_down(SourceNode node, uint64_t now_ns);
  // limit_bytes: the arena less what others hold: what could not be evicted even if no pull had
  // pinned it, and is no pull's extent. So pinning by pulls never changes it, and of the objects
  // that bundles want it leaves out just those of which on_local() said LocalHold::kOthersToo.
  // capacity_bytes: the arena, or whatever a bundle can be at most.
  void on_budget(uint64_t limit_bytes, uint64_t capacity_bytes);

  // Bytes per second of all pulls to this node, or of one class; 0: no limit.
  void set_pull_bandwidth(uint64_t bytes_per_s, uint64_t now_ns);
  void set_pull_bandwidth(PullClass pull_class, uint64_t bytes_per_s, uint64_t now_ns);

  // ---- answers to actions ----------------------------------------------------------------------
  // REQUIRES: not answered before. Ignored if the pull has ended: its Release follows.
  void on_granted(PullKey pull, uint64_t destination_offset, uint64_t now_ns);
  void on_refused(PullKey pull, const Error& error, uint64_t now_ns);
  void on_seal_failed(const ObjectId& id, const Error& error, uint64_t now_ns);
  // REQUIRES: `ticket` was posted and not completed.
  void on_read_done(ReadTicket ticket, const Result<ReadProof>& result, uint64_t now_ns);
  void on_check_done(ReadTicket ticket, const Result<SlotSighting>& result, uint64_t now_ns);

  // ---- decisions -------------------------------------------------------------------------------
  // Appends what must be done now. Call it after events, and at next_deadline_ns().
  void advance(uint64_t now_ns, std::vector<PullAction>& out);
  uint64_t next_deadline_ns();

  // ---- looking at it ---------------------------------------------------------------------------
  const PullBudget& budget() const { return budget_; }
  const Activation& activation() const { return activation_; }
  uint64_t in_flight_bytes() const { return scheduler_.in_flight_bytes(); }
  size_t wanted_objects() const { return objects_.size(); }
  size_t running_pulls() const { return running_.size(); }
  std::vector<TransferDescription> transfers(uint64_t now_ns);
  // Aborts the process if any account differs from the same counted anew. For tests; slow.
  void check_invariants();

 private:
  struct Doom {
    uint64_t at_ns;
    ObjectId id;
  };

  // Bundles.
  void review(Bundle& bundle, uint64_t now_ns);
  void end_bundle(Bundle& bundle);
  void note_whole(const Bundle& bundle);
  void complete_bundles(std::vector<PullAction>& out);
  void fail_bundles(const WantedObject& object, const PullFailure& failure, bool active_only);
  void refuse_too_large(const std::vector<Bundle*>& bundles);
  static std::vector<Bundle*> bundles_of(const WantedObject& object);

  // What is known of objects.
  bool is_plausible(const ObjectShape& shape) const;
  ObjectRecord usable_part(const ObjectId& id, const ObjectRecord& record) const;
  void set_extent(WantedObject& object, uint64_t extent_bytes);
  void update_located(WantedObject& object, uint64_t now_ns);
  static void note_holders(WantedObject& object);
  static bool is_bereft(const WantedObject& object);
  void forget_node(WantedObject& object, SourceNode node, uint64_t now_ns);
  void doom(WantedObject& object, uint64_t now_ns);
  void run_dooms(uint64_t now_ns);

  // What their pulls and pins must be follows from who wants them.
  void mark(WantedObject& object);
  void mark_all(const Bundle& bundle);
  void settle_marked(uint64_t now_ns);
  void settle(WantedObject& object, uint64_t now_ns);
  void settle_pin(WantedObject& object);
  void settle_pull(WantedObject& object, uint64_t now_ns);

  // Pulls (pull_manager_pulls.cc).
  void start_pull(WantedObject& object, uint64_t now_ns);
  void tell_sources(RunningPull& running, uint64_t now_ns);
  void after_event(RunningPull& running, uint64_t now_ns);
  void carry_out(RunningPull& running, const Pull::Action& action);
  void fit_flows(RunningPull& running, uint64_t now_ns);
  void pump(uint64_t now_ns);
  bool is_worth_it(RunningPull& running, uint32_t source, uint32_t size_bytes, uint64_t now_ns);
  void post_read(RunningPull& running, ReadScheduler::Flow& flow, uint64_t now_ns);
  RunningPull& running(PullKey key) const;
  RunningPull* waiting(PullKey key) const;

  // Looking at it (pull_manager_view.cc).
  TransferDescription describe(const RunningPull& running, uint64_t now_ns) const;
  static void check_bundle(const Bundle& bundle);
  void check_object(const WantedObject& object) const;

  const PullOptions options_;
  Jitter jitter_;
  const uint64_t choice_seed_;
  BundleId next_bundle_ = 1;

  std::unordered_map<BundleId, std::unique_ptr<Bundle>> bundles_;
  WantedObjects objects_;
  PullBudget budget_;
  Activation activation_;
  ReadScheduler scheduler_;
  RunningPulls running_;

  std::vector<BundleId> whole_;  // nothing of them was missing at some time since advance()
  std::vector<WantedObject*> unsettled_;
  std::deque<Doom> dooms_;  // by time, since the grace period is the same for all
  std::unordered_map<uint32_t, uint64_t> dead_;  // node to the incarnation that died last
  std::vector<PullAction> actions_;              // decided, not yet handed out
  Pull::Actions pull_actions_;                   // scratch
};

}  // namespace obj
