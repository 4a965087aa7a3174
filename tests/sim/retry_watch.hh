// SPDX-License-Identifier: Apache-2.0
// tests/sim/retry_watch.hh -- invariant: a source that fails is left alone, longer each time.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>

#include "fabric/pull/pull_options.hh"
#include "fabric/pull/source.hh"
#include "tests/sim/violation.hh"

namespace obj::sim {

// Watches one reader's reads from outside. An attempt is an instant in which reads of one object
// are posted to one source after a failure there and before any success.
class RetryWatch {
 public:
  RetryWatch(const PullOptions& options, Violation& violation)
      : least_ns_(uint64_t{options.retry_least_ms} * 1'000'000 / 2), violation_(violation) {}

  void on_post(const ObjectId& id, SourceNode node, uint64_t now_ns) {
    Record& record = records_[{id, node}];
    if (record.failed_at_ns == 0) return;
    const bool is_attempt = now_ns != record.last_attempt_ns;
    record.last_attempt_ns = now_ns;
    if (!is_attempt) return;
    // A new holder or a death allows an attempt at once.
    if (exempt_since_ns_ >= record.failed_at_ns) return;
    if (now_ns - record.failed_at_ns < least_ns_) {
      violation_.note("backoff: a source that had just failed was asked again");
    }
    if (++record.attempts > kAttemptsMax) {
      violation_.note("backoff: the delays do not grow");
    }
  }
  void on_done(const ObjectId& id, SourceNode node, bool ok, uint64_t now_ns) {
    if (ok) {
      records_.erase({id, node});
      return;
    }
    Record& record = records_[{id, node}];
    // Several reads may fail together; the delay counts from the first.
    const bool is_new = record.failed_at_ns == 0 || record.last_attempt_ns > record.failed_at_ns;
    if (is_new) record.failed_at_ns = now_ns;
  }
  // The reader starts anew.
  void forget_all() { records_.clear(); }
  // The manager was told of a new holder or of a death.
  void on_news(uint64_t now_ns) { exempt_since_ns_ = now_ns; }
  // The object is not being pulled any more: another pull of it knows nothing of old failures.
  void on_pull_over(const ObjectId& id) {
    std::erase_if(records_, [&](const auto& entry) { return entry.first.first == id; });
  }

 private:
  // Doubling from 50 ms, give_up_ms holds fewer attempts than this.
  static constexpr uint32_t kAttemptsMax = 16;

  struct Record {
    uint64_t failed_at_ns = 0;  // 0: never since the last success
    uint64_t last_attempt_ns = 0;
    uint32_t attempts = 0;
  };

  const uint64_t least_ns_;
  Violation& violation_;
  uint64_t exempt_since_ns_ = 0;
  std::map<std::pair<ObjectId, SourceNode>, Record> records_;
};

}  // namespace obj::sim
