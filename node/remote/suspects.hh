// SPDX-License-Identifier: Apache-2.0
// node/remote/suspects.hh -- nodes that may have died, and when to ask the directory again. Pure.
//
// The directory tells of a death only who asks; and it believes in one only when the lease is over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/clock.hh"
#include "fabric/pull/source.hh"

namespace obj {

// Threads: the reactor thread.
class Suspects {
 public:
  // A read of it failed, or its copies vanished.
  void add(SourceNode node, uint64_t now_ns) {
    const auto [found, is_new] = suspects_.try_emplace(node, Suspicion{now_ns, 0});
    found->second.until_ns = now_ns + kWatchedNs;
  }
  // It is dead, or was heard of.
  void remove(SourceNode node) { suspects_.erase(node); }

  // Whom to ask the directory about now.
  std::vector<SourceNode> due(uint64_t now_ns) {
    std::erase_if(suspects_, [&](const auto& each) { return each.second.until_ns <= now_ns; });
    std::vector<SourceNode> due;
    for (auto& [node, suspicion] : suspects_) {
      if (suspicion.ask_at_ns > now_ns) continue;
      suspicion.ask_at_ns = now_ns + kAskEveryNs;
      due.push_back(node);
    }
    return due;
  }
  uint64_t next_ns() const {
    uint64_t next_ns = kForeverNs;
    for (const auto& [node, suspicion] : suspects_) {
      next_ns = std::min(next_ns, suspicion.ask_at_ns);
    }
    return next_ns;
  }
  // The lives of this node that are suspected.
  std::vector<SourceNode> lives_of(uint32_t node) const {
    std::vector<SourceNode> lives;
    for (const auto& [life, suspicion] : suspects_) {
      if (life.node == node) lives.push_back(life);
    }
    return lives;
  }

 private:
  static constexpr uint64_t kAskEveryNs = 200'000'000;
  static constexpr uint64_t kWatchedNs = 5'000'000'000;

  struct Suspicion {
    uint64_t ask_at_ns;
    uint64_t until_ns;
  };
  std::unordered_map<SourceNode, Suspicion, SourceNodeHash> suspects_;
};

}  // namespace obj
