// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/random_run.hh"

#include <array>
#include <set>
#include <vector>

#include "tests/sim/sim_cluster.hh"

namespace obj::sim {

namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kStepsMax = 400;
// Longer than any grace period, backoff or stall that a pull may have to wait out.
constexpr uint64_t kEndNs = 120'000 * kMs;
constexpr uint64_t kLookNs = 20 * kMs;

ClusterOptions options_at_random(Jitter& jitter) {
  const auto one_of = [&](auto... values) {
    const std::array choices{values...};
    return choices[jitter.next() % choices.size()];
  };
  ClusterOptions options;
  options.nodes = static_cast<uint32_t>(jitter.between(2, 6));
  options.node.capacity_bytes = one_of(16u, 32u, 64u) * 1024;
  options.node.pull.object_chunk_size = one_of(256u, 512u, 1000u);
  options.node.pull.max_bytes_in_flight = one_of(1000u, 4000u, 256u << 20);
  options.node.pull.pull_timeout_ms = 2000;
  options.node.pull.give_up_ms = 8000;
  options.node.pull.check_every_chunks = one_of(1u, 2u, 4u);
  options.fabric.latency_ns_max = one_of(20u, 200u, 5000u) * 1000;
  options.fabric.bytes_per_s = one_of(1u, 20u, 1000u) * 1'000'000;
  options.fabric.error_one_in = one_of(0u, 0u, 30u, 8u);
  options.fabric.owner_proves = jitter.next() % 4 == 0;
  options.directory.flush_ns_max = one_of(100u, 2000u, 20'000u) * 1000;
  options.directory.lie_one_in = one_of(0u, 0u, 0u, 12u);
  options.message_ns_max = one_of(50u, 500u, 5000u) * 1000;
  return options;
}

class RandomRun {
 public:
  explicit RandomRun(uint64_t seed)
      : jitter_(seed),
        options_(options_at_random(jitter_)),
        cluster_(options_, jitter_.next()),
        objects_(static_cast<uint32_t>(jitter_.between(3, 24))),
        pace_ns_(jitter_.between(1, 40) * kMs) {}

  RunResult run() {
    const uint64_t steps = jitter_.between(50, kStepsMax);
    for (uint64_t step = 0; step < steps && !cluster_.violation().text(); step++) {
      act();
      cluster_.run_for(jitter_.between(0, pace_ns_));
      note(cluster_.queue().events_run());
    }
    heal();
    const auto has_ended = [this] { return all_ended(); };
    if (!cluster_.run_until(has_ended, kEndNs, kLookNs)) {
      // Another put's copies, of another size, may have become the object since that was looked at.
      cancel_what_does_not_fit();
    }
    if (!cluster_.run_until(has_ended, kEndNs, kLookNs)) {
      cluster_.violation().note("ends: " + what_has_not_ended());
    }
    // What is left to say is said, and what is left to drain is drained.
    if (!cluster_.run_until([this] { return all_idle(); }, kEndNs, kLookNs)) {
      cluster_.violation().note("leaks: something is left over when all have ended");
    }
    return result();
  }

 private:
  void act() {
    SimNode& node = cluster_.node(any_node());
    const uint64_t choice = jitter_.next() % 100;
    if (!node.is_up()) {
      if (choice < 20) cluster_.restart(node.self().node);
    } else if (choice < 25) {
      put_somewhere(node);
    } else if (choice < 65) {
      node.request(kAllPullClasses[jitter_.next() % kPullClasses], some_ids());
    } else if (choice < 75) {
      cancel_one(node);
    } else if (choice < 85) {
      node.drop(any_id());
    } else if (choice < 88) {
      if (node.pin(any_id())) cluster_.run_for(pace_ns_);
    } else if (choice < 91) {
      unpin_all(node);
    } else {
      make_trouble(node);
    }
  }

  // Nothing evicts primaries here, so they are kept to half of each arena.
  void put_somewhere(SimNode& node) {
    if (node.store().pull_limit_bytes() < options_.node.capacity_bytes / 2) return;
    // Now and then the same id again, with other bytes.
    const uint32_t origin = jitter_.next() % 8 == 0 ? ++origins_ : 1;
    const ObjectId id = any_id();
    node.put(id, shape_of(id, origin));
  }

  // One shape for each id and origin.
  ObjectShape shape_of(const ObjectId& id, uint32_t origin) {
    Jitter of_object(hash(id, origin));
    const uint64_t largest = options_.node.capacity_bytes / (of_object.next() % 10 == 0 ? 1 : 6);
    const uint64_t data_bytes = of_object.next() % 8 == 0 ? 0 : of_object.between(0, largest);
    const auto metadata_bytes = static_cast<uint32_t>(of_object.next() % 3 == 0 ? 40 : 0);
    return sim_shape(data_bytes, metadata_bytes, origin);
  }

  void cancel_one(SimNode& node) {
    for (const auto& [bundle, outcome] : node.outcomes()) {
      if (outcome.ended_ns != 0 || jitter_.next() % 3 != 0) continue;
      return node.cancel(bundle);
    }
  }

  void unpin_all(SimNode& node) {
    for (uint32_t n = 0; n < objects_; n++) {
      for (int pins = 0; pins < 8; pins++) node.unpin(sim_id(n));
    }
  }

  void make_trouble(SimNode& node) {
    const uint32_t number = node.self().node;
    const uint64_t duration_ns = jitter_.between(1, 4000) * kMs;
    switch (jitter_.next() % 6) {
      case 0: return cluster_.kill(number);
      case 1: return cluster_.freeze(number, duration_ns);
      case 2: return cluster_.refuse(number, duration_ns);
      case 3: return cluster_.set_slowness(number, jitter_.between(1, 200));
      case 4: return node.set_bandwidth(jitter_.next() % 2 == 0 ? 0 : 200'000);
      default: return cluster_.directory().set_being_made(any_id(), true);
    }
  }

  // The faults stop, and every object that somebody waits for exists somewhere.
  void heal() {
    options_.fabric.error_one_in = 0;
    cluster_.fabric().set_options(options_.fabric);
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      SimNode& node = cluster_.node(number);
      if (!node.is_up()) cluster_.restart(number);
      cluster_.set_slowness(number, 1);
      cluster_.freeze(number, 0);
      cluster_.refuse(number, 0);
      node.set_bandwidth(0);
      unpin_all(node);
    }
    // Long enough for the directory to have noticed all deaths.
    cluster_.run_for(3000 * kMs);
    for (uint32_t n = 0; n < objects_; n++) {
      cluster_.directory().set_being_made(sim_id(n), false);
      if (!kept_somewhere(sim_id(n))) put_on_some_node(sim_id(n));
    }
    cluster_.run_for(100 * kMs);
    cancel_what_cannot_end();
  }

  // A copy that is only a secondary one could be evicted before all who want it have read it.
  bool kept_somewhere(const ObjectId& id) {
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      if (cluster_.node(number).keep(id)) return true;
    }
    return false;
  }

  void put_on_some_node(const ObjectId& id) {
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      if (cluster_.node(number).put(id, shape_of(id, 1))) return;
    }
  }

  // A bundle with an object that is nowhere, or that needs memory which primaries hold, waits until
  // its requester has had enough.
  void cancel_what_cannot_end() {
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      SimNode& node = cluster_.node(number);
      const auto outcomes = node.outcomes();
      for (const auto& [bundle, outcome] : outcomes) {
        const std::set<ObjectId> ids(outcome.ids.begin(), outcome.ids.end());
        if (!can_end(node, ids, cluster_.directory())) node.cancel(bundle);
      }
    }
  }

  // The last bundle that runs is never stopped, also if what others hold leaves it too little: then
  // it waits for them, or until its requester has had enough.
  void cancel_what_does_not_fit() {
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      SimNode& node = cluster_.node(number);
      const PullBudget& budget = node.manager().budget();
      if (budget.held_bytes() <= budget.limit_bytes()) continue;
      const auto outcomes = node.outcomes();
      for (const auto& [bundle, outcome] : outcomes) node.cancel(bundle);
    }
  }

  static bool can_end(SimNode& node, const std::set<ObjectId>& ids, SimDirectory& directory) {
    uint64_t need_bytes = 0;
    for (const SimObject& object : node.store().objects()) {
      if (object.primary) need_bytes += object.shape.extent_bytes;
    }
    for (const ObjectId& id : ids) {
      const SimObject* const here = node.store().find(id);
      if (here != nullptr && here->primary) continue;
      if (!directory.has_whole_copy(id)) return false;
      need_bytes += directory.extent_bytes(id);
    }
    return need_bytes <= node.store().capacity_bytes();
  }

  bool all_ended() {
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      for (const auto& [bundle, outcome] : cluster_.node(number).outcomes()) {
        if (outcome.ended_ns == 0) return false;
      }
    }
    return true;
  }
  std::string what_has_not_ended() {
    std::string text = "not at an end:";
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      SimNode& node = cluster_.node(number);
      for (const auto& [bundle, outcome] : node.outcomes()) {
        if (outcome.ended_ns != 0) continue;
        text += "\n  node " + std::to_string(number) + " " + to_string(outcome.pull_class) + " of";
        for (const ObjectId& id : outcome.ids) {
          text.append(" ").append(std::to_string(id.bytes[0])).append(node.has(id) ? "(here)" : "");
        }
      }
      const PullBudget& budget = node.manager().budget();
      text += "\n  node " + std::to_string(number) + " holds " +
              std::to_string(budget.held_bytes()) + " of " + std::to_string(budget.limit_bytes()) +
              " for pulls, " + std::to_string(node.manager().activation().active_bundles()) +
              " bundles run, " + std::to_string(node.manager().activation().queued_bundles()) +
              " wait";
      for (const TransferDescription& transfer : node.manager().transfers(cluster_.now_ns())) {
        text += "\n  node " + std::to_string(number) + " pulls " +
                std::to_string(transfer.id.bytes[0]) + ", waits for " + transfer.waits_for;
      }
    }
    return text;
  }
  bool all_idle() {
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      if (!cluster_.node(number).is_idle()) return false;
    }
    return cluster_.directory().subscriptions() == 0;
  }

  RunResult result() {
    RunResult result{.violation = cluster_.violation().text()};
    for (uint32_t number = 0; number < cluster_.nodes(); number++) {
      result.bundles_done += cluster_.node(number).bundles_done();
      result.bundles_failed += cluster_.node(number).bundles_failed();
    }
    result.reads_posted = cluster_.fabric().reads_posted();
    result.events = cluster_.queue().events_run();
    note(result.bundles_done);
    note(result.bundles_failed);
    note(result.reads_posted);
    note(cluster_.now_ns());
    result.digest = digest_;
    return result;
  }

  void note(uint64_t value) { digest_ = Jitter::mix(digest_ ^ value); }
  uint32_t any_node() { return static_cast<uint32_t>(jitter_.next() % cluster_.nodes()); }
  ObjectId any_id() { return sim_id(static_cast<uint32_t>(jitter_.next() % objects_)); }
  std::vector<ObjectId> some_ids() {
    std::vector<ObjectId> ids(jitter_.between(1, 6));
    for (ObjectId& id : ids) id = any_id();
    return ids;
  }

  Jitter jitter_;
  ClusterOptions options_;
  SimCluster cluster_;
  const uint32_t objects_;
  const uint64_t pace_ns_;
  uint32_t origins_ = 1;
  uint64_t digest_ = 0;
};

}  // namespace

RunResult run_at_random(uint64_t seed) { return RandomRun(seed).run(); }

}  // namespace obj::sim
