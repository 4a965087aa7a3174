// SPDX-License-Identifier: Apache-2.0
// node/remote/node_book.hh -- reads of nodes whose address is not known yet wait here for it. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hh"
#include "fabric/pull/source.hh"
#include "fabric/read_transport.hh"

namespace obj {

using ReadPost = std::variant<ReadOrder, CheckOrder>;

inline ReadCookie cookie_of(const ReadPost& post) {
  return std::visit([](const auto& order) { return order.cookie; }, post);
}

// Threads: the reactor thread.  Limits: what is kept per node is bounded by the pull manager's
// window; nodes are forgotten when they die.
class NodeBook {
 public:
  enum class Known : uint8_t { kUnknown, kAsked, kKnown };

  Known known(SourceNode node) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? Known::kUnknown : found->second.known;
  }

  // The directory is being asked for the address; posts wait.
  void asked(SourceNode node) { nodes_[node].known = Known::kAsked; }
  void wait(SourceNode node, const ReadPost& post) { nodes_[node].waiting.push_back(post); }

  // The address came. Returns what waited.
  std::vector<ReadPost> found(SourceNode node) {
    Entry& entry = nodes_[node];
    entry.known = Known::kKnown;
    return std::exchange(entry.waiting, {});
  }
  // It did not, or the node is gone. Returns what waited.
  std::vector<ReadPost> forget(SourceNode node) {
    const auto entry = nodes_.extract(node);
    return entry.empty() ? std::vector<ReadPost>{} : std::move(entry.mapped().waiting);
  }

  // Takes one post out of those that wait. Nothing: it does not wait here.
  std::optional<ReadPost> take(SourceNode node, ReadCookie cookie) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end()) return std::nullopt;
    std::vector<ReadPost>& waiting = found->second.waiting;
    const auto is_it = [&](const ReadPost& post) { return cookie_of(post) == cookie; };
    const auto post = std::ranges::find_if(waiting, is_it);
    if (post == waiting.end()) return std::nullopt;
    const ReadPost taken = *post;
    waiting.erase(post);
    return taken;
  }

  // The lives of this node that the directory is being asked for.
  std::vector<SourceNode> asked_of(uint32_t node) const {
    std::vector<SourceNode> lives;
    for (const auto& [life, entry] : nodes_) {
      if (life.node == node && entry.known == Known::kAsked) lives.push_back(life);
    }
    return lives;
  }

  size_t size() const { return nodes_.size(); }

 private:
  struct Entry {
    Known known = Known::kUnknown;
    std::vector<ReadPost> waiting;
  };
  std::unordered_map<SourceNode, Entry, SourceNodeHash> nodes_;
};

}  // namespace obj
