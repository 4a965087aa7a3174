// SPDX-License-Identifier: Apache-2.0
// tests/directory/recording_owner.hh -- a node that notes all that its directory client tells it.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "directory/directory_client_owner.hh"

namespace obj::directory {

class RecordingOwner : public DirectoryClientOwner {
 public:
  // The inventory, at most `chunk_max` at a time.
  size_t next_of_inventory(uint64_t& cursor, std::span<CopyReport> chunk) override {
    size_t count = 0;
    while (count < std::min(chunk.size(), chunk_max) && cursor < held.size()) {
      chunk[count++] = held[cursor++];
    }
    return count;
  }
  void on_located(RequestTag tag, const Result<Located>& result) override {
    located.emplace_back(tag, result);
  }
  void on_locations(const ObjectId& id, const Located& known) override {
    locations.emplace_back(id, known);
  }
  void on_freed(RequestTag tag, const Result<uint32_t>& result) override {
    freed.emplace_back(tag, result);
  }
  void on_node(RequestTag tag, const Result<NodeAnswer>& result) override {
    nodes.emplace_back(tag, result);
  }
  void on_nodes(RequestTag tag, const Result<std::vector<NodeAnswer>>& result) override {
    pages.emplace_back(tag, result);
  }
  void on_free_order(const FreeOrder& order) override { orders.push_back(order); }
  void on_conflict(const ObjectId& id) override { conflicts.push_back(id); }

  std::vector<CopyReport> held;
  size_t chunk_max = SIZE_MAX;
  std::vector<std::pair<RequestTag, Result<Located>>> located;
  std::vector<std::pair<ObjectId, Located>> locations;
  std::vector<std::pair<RequestTag, Result<uint32_t>>> freed;
  std::vector<std::pair<RequestTag, Result<NodeAnswer>>> nodes;
  std::vector<std::pair<RequestTag, Result<std::vector<NodeAnswer>>>> pages;
  std::vector<FreeOrder> orders;
  std::vector<ObjectId> conflicts;
};

}  // namespace obj::directory
