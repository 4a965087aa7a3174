// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_node.hh -- one node: the real PullManager, driven as the daemon will drive it, on a
// fake store, fabric and directory. Checks the invariants of its node after every step.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "fabric/pull/pull_manager.hh"
#include "tests/sim/event_queue.hh"
#include "tests/sim/retry_watch.hh"
#include "tests/sim/sim_fabric.hh"
#include "tests/sim/sim_store.hh"
#include "tests/sim/violation.hh"

namespace obj::sim {

// What a node says to the directory; the cluster delivers it, late and in order.
class DirectoryLink {
 public:
  virtual ~DirectoryLink() = default;
  virtual void subscribe(uint32_t node, const ObjectId& id) = 0;
  virtual void unsubscribe(uint32_t node, const ObjectId& id) = 0;
  virtual void report(const ObjectId& id, const ObjectShape& shape, const Source& copy) = 0;
  virtual void withdraw(const ObjectId& id, SourceNode node) = 0;
};

struct NodeOptions {
  PullOptions pull;
  uint64_t capacity_bytes = 64 * 1024;
};

class SimNode {
 public:
  struct Outcome {
    std::vector<ObjectId> ids;
    PullClass pull_class = PullClass::kGet;
    uint64_t started_ns = 0;
    uint64_t ended_ns = 0;  // 0: not yet
    bool cancelled = false;
    std::optional<PullFailure> failure{};
  };

  SimNode(uint32_t number, const NodeOptions& options, EventQueue& queue, SimFabric& fabric,
          DirectoryLink& directory, Violation& violation);

  // ---- what clients do -------------------------------------------------------------------------
  // False if there is no room, or an object of that id is here.
  bool put(const ObjectId& id, const ObjectShape& shape);
  BundleId request(PullClass pull_class, const std::vector<ObjectId>& ids);
  void cancel(BundleId bundle);
  bool pin(const ObjectId& id);  // false if it is not here
  void unpin(const ObjectId& id);
  // Makes the copy a primary. False: none is sealed here.
  bool keep(const ObjectId& id);
  // Deletes or evicts the copy, unless somebody has it pinned or it is not sealed.
  bool drop(const ObjectId& id);
  void set_bandwidth(uint64_t bytes_per_s);

  // ---- what happens to it ----------------------------------------------------------------------
  void start(uint64_t incarnation, uint64_t seed);
  void kill();
  void on_record(const ObjectId& id, const ObjectRecord& record);
  void on_node_down(SourceNode node);

  bool is_up() const { return manager_ != nullptr; }
  SourceNode self() const { return {number_, incarnation_}; }
  SimStore& store() { return *store_; }
  PullManager& manager() { return *manager_; }
  bool has(const ObjectId& id) { return is_up() && store_->find(id) && store_->find(id)->sealed; }
  // Of this life, or of all.
  const std::map<BundleId, Outcome>& outcomes() const { return outcomes_; }
  uint64_t bundles_done() const { return bundles_done_; }
  uint64_t bundles_failed() const { return bundles_failed_; }
  bool is_idle() const;

 private:
  void settle();
  void carry_out(const PullAction& action);
  void handle(const pull_action::Subscribe& action);
  void handle(const pull_action::Unsubscribe& action);
  void handle(const pull_action::Pin& action);
  void handle(const pull_action::Unpin& action);
  void handle(const pull_action::Reserve& action);
  void handle(const pull_action::Seal& action);
  void handle(const pull_action::Release& action);
  void handle(const pull_action::ShowReady& action);
  void handle(const pull_action::PostRead& action);
  void handle(const pull_action::PostCheck& action);
  void handle(const pull_action::HurryPart& action);
  void handle(const pull_action::AskRestore&) {}
  void handle(const pull_action::ReportStale&) {}
  void handle(const pull_action::BundleDone& action);
  void handle(const pull_action::BundleFailed& action);

  void grant_waiting();
  void report(const SimObject& object);
  void note_posted(ReadTicket ticket, const ObjectId& id, const Source& source);
  void note_done(ReadTicket ticket, std::optional<ErrorCode> error);
  void note_pull_over(const ObjectId& id);
  void tell_local(const SimObject& object);
  void tell_budget();
  void wake_at_deadline();
  void on_read_done(ReadTicket ticket, const Result<ReadProof>& result);
  void on_check_done(ReadTicket ticket, const Result<SlotSighting>& result);
  void check_right(const SimObject& object, uint64_t bytes, const char* when);
  void check_budget();
  void check_store();

  const uint32_t number_;
  const NodeOptions options_;
  EventQueue& queue_;
  SimFabric& fabric_;
  DirectoryLink& directory_;
  Violation& violation_;
  RetryWatch retries_;

  uint64_t incarnation_ = 0;
  std::unique_ptr<SimStore> store_;  // null while the node is down
  std::unique_ptr<PullManager> manager_;
  std::deque<pull_action::Reserve> waiting_;  // for memory, in order
  std::set<ObjectId> subscribed_;
  struct Posted {
    ObjectId id;
    Source source;
    uint64_t at_ns;
    bool pull_is_over = false;
  };
  std::map<uint64_t, Posted> posted_;  // by ticket
  std::map<ObjectId, size_t> sources_told_;
  std::map<BundleId, Outcome> outcomes_;
  uint64_t wake_ns_ = kForeverNs;
  uint64_t bundles_done_ = 0;
  uint64_t bundles_failed_ = 0;
  bool settling_ = false;
};

}  // namespace obj::sim
