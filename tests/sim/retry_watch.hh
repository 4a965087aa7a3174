// SPDX-License-Identifier: Apache-2.0
// tests/sim/retry_watch.hh -- invariant: a source that fails is left alone, longer each time.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

#include "fabric/pull/pull_options.hh"
#include "fabric/pull/source.hh"
#include "tests/sim/violation.hh"

namespace obj::sim {

// Watches one reader's reads from outside. Reads that are under way when one fails may fail with
// it, and those that succeed say nothing new: an attempt begins with the next post.
class RetryWatch {
 public:
  RetryWatch(const PullOptions& options, Violation& violation)
      : least_ns_(uint64_t{options.retry_least_ms} * 1'000'000 / 2), violation_(violation) {}

  void on_post(const ObjectId& id, const Source& source, uint64_t now_ns) {
    const auto found = records_.find(key_of(id, source));
    if (found == records_.end()) return;
    Record& record = found->second;
    record.asked_again = true;
    // A new holder or a death allows an attempt at once.
    if (exempt_since_ns_ >= record.failed_at_ns) return;
    if (now_ns - record.failed_at_ns < least_ns_) {
      violation_.note("backoff: a source that had just failed was asked again");
    }
  }
  void on_done(const ObjectId& id, const Source& source, bool ok, uint64_t posted_ns,
               uint64_t now_ns) {
    if (ok) {
      const auto found = records_.find(key_of(id, source));
      if (found == records_.end()) return;
      found->second.failures = 0;  // any progress resets the delays
      if (posted_ns > found->second.failed_at_ns) records_.erase(found);
      return;
    }
    Record& record = records_[key_of(id, source)];
    if (!std::exchange(record.asked_again, false)) return;
    record.failed_at_ns = now_ns;
    if (++record.failures > kFailuresMax) violation_.note("backoff: the delays do not grow");
  }
  // The reader starts anew.
  void forget_all() { records_.clear(); }
  // The manager was told of a new holder or of a death.
  void on_news(uint64_t now_ns) { exempt_since_ns_ = now_ns; }
  // The object is not being pulled any more: another pull of it knows nothing of old failures.
  void on_pull_over(const ObjectId& id) {
    std::erase_if(records_,
                  [&](const auto& entry) { return std::get<ObjectId>(entry.first) == id; });
  }

 private:
  // Doubling from 50 ms, give_up_ms holds fewer failures than this.
  static constexpr uint32_t kFailuresMax = 16;

  // One copy: a node may have another one of the object soon.
  using Key = std::tuple<ObjectId, SourceNode, uint32_t, uint64_t, uint64_t>;
  static Key key_of(const ObjectId& id, const Source& source) {
    return {id, source.node, source.slot, source.generation, source.offset};
  }
  struct Record {
    uint64_t failed_at_ns = 0;  // the first failure of the last attempt
    bool asked_again = true;    // since then
    uint32_t failures = 0;      // attempts in a row without a success
  };

  const uint64_t least_ns_;
  Violation& violation_;
  uint64_t exempt_since_ns_ = 0;
  std::map<Key, Record> records_;
};

}  // namespace obj::sim
