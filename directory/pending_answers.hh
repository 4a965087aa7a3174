// SPDX-License-Identifier: Apache-2.0
// directory/pending_answers.hh -- questions that wait for the directory's answer, coalesced by key.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hh"
#include "base/result.hh"

namespace obj::directory {

// Every question that was added ends once: finish() or expire() returns its tag. A key that is
// asked for again while it waits is not sent again. Questions survive the connection: requeue() has
// those in flight sent again.
//
// Threads: the reactor thread.  Limits: waiting_max questions.
template <class Key, class Hash>
class PendingAnswers {
 public:
  using Tag = uint64_t;
  using Cookie = uint64_t;

  PendingAnswers(size_t waiting_max, Hash hash) : waiting_max_(waiting_max), keys_(16, hash) {}

  // kLimit.
  Result<void> add(const Key& key, Tag tag, uint64_t deadline_ns) {
    if (deadlines_.size() >= waiting_max_) {
      return std::unexpected(Error{ErrorCode::kLimit, 0, "questions to the directory"});
    }
    const auto [asked, is_new] = keys_.try_emplace(key);
    if (is_new) unsent_.push_back(key);
    asked->second.waiters.push_back(deadlines_.emplace(deadline_ns, Waiter{key, tag}));
    return {};
  }

  // Something to send at `now_ns`.
  bool has_unsent(uint64_t now_ns) {
    while (!later_.empty() && later_.begin()->first <= now_ns) {
      const Key key = later_.begin()->second;
      later_.erase(later_.begin());
      const auto asked = keys_.find(key);
      if (asked == keys_.end() || asked->second.stage != Stage::kLater) continue;
      asked->second.stage = Stage::kUnsent;
      unsent_.push_back(key);
    }
    while (!unsent_.empty() && !is_unsent(unsent_.front())) unsent_.pop_front();
    return !unsent_.empty();
  }

  // Up to `count_max` keys to send; they are in flight from now on, under `cookie`.
  // REQUIRES: has_unsent(), and nothing is in flight under `cookie`.
  const std::vector<Key>& take_batch(Cookie cookie, size_t count_max) {
    std::vector<Key>& batch = in_flight_[cookie];
    while (!unsent_.empty() && batch.size() < count_max) {
      if (is_unsent(unsent_.front())) {
        batch.push_back(unsent_.front());
        keys_.find(unsent_.front())->second.stage = Stage::kInFlight;
      }
      unsent_.pop_front();
    }
    return batch;
  }
  size_t batches_in_flight() const { return in_flight_.size(); }

  // The keys that were sent under `cookie`, no longer in flight; for each, finish() or ask_later()
  // must follow. Nothing: no such batch.
  std::optional<std::vector<Key>> answered(Cookie cookie) {
    const auto batch = in_flight_.find(cookie);
    if (batch == in_flight_.end()) return std::nullopt;
    std::vector<Key> keys = std::move(batch->second);
    in_flight_.erase(batch);
    return keys;
  }

  // Appends the tags that wait for `key`, and forgets it.
  void finish(const Key& key, std::vector<Tag>& tags) {
    const auto asked = keys_.find(key);
    if (asked == keys_.end()) return;
    for (const auto& waiter : asked->second.waiters) {
      tags.push_back(waiter->second.tag);
      deadlines_.erase(waiter);
    }
    keys_.erase(asked);
  }

  // The answer was no answer yet: sent again at `at_ns`. How often that happened to the key.
  uint32_t attempts(const Key& key) const { return keys_.find(key)->second.attempts; }
  void ask_later(const Key& key, uint64_t at_ns) {
    const auto asked = keys_.find(key);
    if (asked == keys_.end()) return;
    if (asked->second.waiters.empty()) {
      keys_.erase(asked);
      return;
    }
    asked->second.stage = Stage::kLater;
    asked->second.attempts++;
    later_.emplace(at_ns, key);
  }

  // The connection is gone and no answer will come: all that is in flight is unsent again.
  void requeue() {
    for (auto& [cookie, batch] : in_flight_) {
      for (const Key& key : batch) {
        const auto asked = keys_.find(key);
        if (asked->second.waiters.empty()) {
          keys_.erase(asked);
          continue;
        }
        asked->second.stage = Stage::kUnsent;
        unsent_.push_back(key);
      }
    }
    in_flight_.clear();
  }

  // Appends the tags whose deadline is past; nobody waits under them any more.
  void expire(uint64_t now_ns, std::vector<Tag>& tags) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now_ns) {
      const auto waiter = deadlines_.begin();
      tags.push_back(waiter->second.tag);
      const auto asked = keys_.find(waiter->second.key);
      std::erase(asked->second.waiters, waiter);
      // One in flight stays, so that its answer finds it.
      if (asked->second.waiters.empty() && asked->second.stage != Stage::kInFlight) {
        keys_.erase(asked);
      }
      deadlines_.erase(waiter);
    }
  }
  // When expire() or has_unsent() will have something new.
  uint64_t next_deadline_ns() const {
    const uint64_t due = deadlines_.empty() ? kForeverNs : deadlines_.begin()->first;
    return later_.empty() ? due : std::min(due, later_.begin()->first);
  }

  size_t waiting() const { return deadlines_.size(); }
  bool waits_for(const Key& key) const { return keys_.contains(key); }

 private:
  // Unsent -> InFlight -> (gone) | Later -> Unsent; back to Unsent when the connection is lost.
  enum class Stage : uint8_t { kUnsent, kInFlight, kLater };
  struct Waiter {
    Key key;
    Tag tag;
  };
  using Deadlines = std::multimap<uint64_t, Waiter>;
  struct Asked {
    Stage stage = Stage::kUnsent;
    uint32_t attempts = 0;
    std::vector<typename Deadlines::iterator> waiters;
  };

  // A key may lie in unsent_ after its stage moved on; then it is skipped.
  bool is_unsent(const Key& key) const {
    const auto asked = keys_.find(key);
    return asked != keys_.end() && asked->second.stage == Stage::kUnsent;
  }

  size_t waiting_max_;
  std::unordered_map<Key, Asked, Hash> keys_;
  Deadlines deadlines_;
  std::deque<Key> unsent_;
  std::multimap<uint64_t, Key> later_;
  std::map<Cookie, std::vector<Key>> in_flight_;
};

}  // namespace obj::directory
