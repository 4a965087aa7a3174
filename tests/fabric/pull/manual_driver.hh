// SPDX-License-Identifier: Apache-2.0
// tests/fabric/pull/manual_driver.hh -- a PullManager whose driver is the test: actions are kept to
// be looked at, memory is granted at once, and reads complete when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "fabric/pull/pull_manager.hh"

namespace obj {

inline constexpr uint64_t kMs = 1'000'000;

inline ObjectId id_of(uint32_t n) {
  ObjectId id;
  for (size_t i = 0; i < 4; i++) id.bytes[i] = static_cast<uint8_t>(n >> (8 * i));
  return id;
}

inline ObjectShape shape_of(uint64_t bytes) {
  return {.data_bytes = bytes,
          .origin = 1,
          .transfer_bytes = bytes,
          .extent_bytes = std::max<uint64_t>(64, (bytes + 63) / 64 * 64)};
}

inline ObjectRecord held_by(std::vector<uint32_t> nodes, uint64_t bytes) {
  ObjectRecord record{.shape = shape_of(bytes)};
  for (const uint32_t node : nodes) {
    record.sources.push_back({.node = {node, 1}, .slot = 1, .generation = 1, .ready_bytes = bytes});
  }
  return record;
}

class ManualDriver {
 public:
  static PullOptions small_options() {
    PullOptions options;
    options.object_chunk_size = 1000;
    options.pull_timeout_ms = 1000;
    options.retry_least_ms = 10;
    options.retry_most_ms = 160;
    options.give_up_ms = 5000;
    options.no_source_grace_ms = 500;
    return options;
  }

  explicit ManualDriver(PullOptions options = small_options()) : manager(options, 1) {
    manager.on_budget(1u << 30, 1u << 30);
  }

  BundleId request(PullClass pull_class, std::vector<uint32_t> objects) {
    std::vector<ObjectId> ids;
    for (const uint32_t n : objects) ids.push_back(id_of(n));
    return *manager.request(pull_class, ids, now_ns);
  }
  BundleId get(std::vector<uint32_t> objects) { return request(PullClass::kGet, objects); }
  BundleId wait(std::vector<uint32_t> objects) { return request(PullClass::kWait, objects); }
  BundleId prefetch(std::vector<uint32_t> objects) {
    return request(PullClass::kPrefetch, objects);
  }
  void located(uint32_t object, const ObjectRecord& record) {
    manager.on_located(id_of(object), record, now_ns);
  }

  // Carries out what the manager wants; reads and checks wait for complete_...().
  void advance() {
    while (true) {
      std::vector<PullAction> actions;
      manager.advance(now_ns, actions);
      manager.check_invariants();
      if (actions.empty()) return;
      for (const PullAction& action : actions) carry_out(action);
    }
  }
  void advance_to(uint64_t at_ns) {
    now_ns = at_ns;
    advance();
  }
  // Runs all timers until then.
  void pass(uint64_t duration_ns) {
    const uint64_t end_ns = now_ns + duration_ns;
    advance();
    while (manager.next_deadline_ns() <= end_ns)
      advance_to(std::max(now_ns, manager.next_deadline_ns()));
    advance_to(end_ns);
  }

  void complete(const pull_action::PostRead& read, Result<ReadProof> result = ReadProof::kNone) {
    std::erase_if(reads, [&](const auto& other) { return other.ticket == read.ticket; });
    manager.on_read_done(read.ticket, result, now_ns);
  }
  void complete(const pull_action::PostCheck& check) {
    std::erase_if(checks, [&](const auto& other) { return other.ticket == check.ticket; });
    manager.on_check_done(check.ticket, truth(check), now_ns);
  }
  // One round of completions of all that is posted for this object (or all objects).
  void complete_posted(std::optional<uint32_t> object = {}) {
    const auto reads_now = reads;
    for (const auto& read : reads_now) {
      if (!object || read.id == id_of(*object)) complete(read);
    }
    const auto checks_now = checks;
    for (const auto& check : checks_now) {
      if (!object || check.id == id_of(*object)) complete(check);
    }
  }
  void finish(std::optional<uint32_t> object = {}) {
    advance();
    for (int round = 0; round < 1000 && is_busy(object); round++) {
      complete_posted(object);
      advance();
    }
  }

  std::vector<pull_action::PostRead> reads_of(uint32_t object) const {
    std::vector<pull_action::PostRead> found;
    for (const auto& read : reads) {
      if (read.id == id_of(object)) found.push_back(read);
    }
    return found;
  }
  bool is_active(uint32_t object) const { return reserved.contains(id_of(object)); }
  bool is_done(BundleId bundle) const { return done.contains(bundle); }
  const PullFailure* failure_of(BundleId bundle) const {
    const auto found = failed.find(bundle);
    return found == failed.end() ? nullptr : &found->second;
  }
  // Nothing is left over.
  void expect_idle() const {
    EXPECT_EQ(manager.wanted_objects(), 0u);
    EXPECT_EQ(manager.running_pulls(), 0u);
    EXPECT_EQ(manager.budget().held_bytes(), 0u);
    EXPECT_EQ(manager.in_flight_bytes(), 0u);
    EXPECT_TRUE(subscribed.empty());
    EXPECT_TRUE(pinned.empty());
    EXPECT_TRUE(reserved.empty());
  }

  PullManager manager;
  uint64_t now_ns = 1'000'000'000;

  std::vector<pull_action::PostRead> reads;    // posted, not completed
  std::vector<pull_action::PostCheck> checks;  // posted, not completed
  std::set<ObjectId> subscribed;
  std::set<ObjectId> pinned;
  std::map<ObjectId, PullKey> reserved;  // neither sealed nor released
  std::set<ObjectId> sealed;
  std::set<BundleId> done;
  std::map<BundleId, PullFailure> failed;
  std::vector<BundleId> order_of_ends;
  uint64_t reads_posted = 0;
  uint64_t restores_asked = 0;
  uint64_t releases = 0;
  std::vector<pull_action::HurryPart> hurried;

 private:
  static SlotSighting truth(const pull_action::PostCheck& check) {
    return {.id = check.id,
            .generation = check.source.generation,
            .offset = check.source.offset,
            .data_bytes = check.source.ready_bytes,
            .ready_bytes = check.source.ready_bytes};
  }
  bool is_busy(std::optional<uint32_t> object) const {
    const auto concerns = [&](const auto& posted) {
      return !object || posted.id == id_of(*object);
    };
    return std::any_of(reads.begin(), reads.end(), concerns) ||
           std::any_of(checks.begin(), checks.end(), concerns);
  }

  void carry_out(const PullAction& action) {
    std::visit([this](const auto& each) { handle(each); }, action);
  }
  void handle(const pull_action::Subscribe& action) {
    EXPECT_TRUE(subscribed.insert(action.id).second) << "subscribed twice";
  }
  void handle(const pull_action::Unsubscribe& action) {
    EXPECT_EQ(subscribed.erase(action.id), 1u) << "not subscribed";
  }
  void handle(const pull_action::Pin& action) { EXPECT_TRUE(pinned.insert(action.id).second); }
  void handle(const pull_action::Unpin& action) { EXPECT_EQ(pinned.erase(action.id), 1u); }
  void handle(const pull_action::Reserve& action) {
    EXPECT_TRUE(reserved.emplace(action.id, action.pull).second) << "memory asked for twice";
    manager.on_granted(action.pull, 0, now_ns);
  }
  void handle(const pull_action::Seal& action) {
    EXPECT_EQ(reserved.erase(action.id), 1u);
    sealed.insert(action.id);
    manager.on_local(action.id, 64, LocalHold::kPulls, now_ns);
  }
  void handle(const pull_action::Release& action) {
    EXPECT_EQ(reserved.erase(action.id), 1u);
    for (const auto& read : reads) EXPECT_NE(read.ticket.pull, action.pull) << "memory in use";
    releases++;
  }
  void handle(const pull_action::ShowReady&) {}
  void handle(const pull_action::PostRead& action) {
    reads.push_back(action);
    reads_posted++;
  }
  void handle(const pull_action::PostCheck& action) { checks.push_back(action); }
  void handle(const pull_action::HurryPart& action) { hurried.push_back(action); }
  void handle(const pull_action::AskRestore&) { restores_asked++; }
  void handle(const pull_action::ReportStale&) {}
  void handle(const pull_action::BundleDone& action) {
    EXPECT_TRUE(done.insert(action.bundle).second) << "reported twice";
    order_of_ends.push_back(action.bundle);
  }
  void handle(const pull_action::BundleFailed& action) {
    EXPECT_TRUE(failed.emplace(action.bundle, action.failure).second) << "reported twice";
    order_of_ends.push_back(action.bundle);
  }
};

}  // namespace obj
