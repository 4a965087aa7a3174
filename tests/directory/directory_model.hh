// SPDX-License-Identifier: Apache-2.0
// tests/directory/directory_model.hh -- what a directory should say, in the simplest way to say it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "tests/directory/test_directory.hh"

namespace obj::directory {

// No packing, no sweeps, no tenures: a list of copies for each id, and which put is the object.
class DirectoryModel {
 public:
  struct Entry {
    NodeRef node;
    ObjectShape shape;
    Copy copy;
    bool freeing = false;
  };

  void hold(const NodeRef& node, const CopyReport& report) {
    Object& object = objects_[report.id];
    const auto own = find(object, node.node);
    if (own != object.copies.end()) {
      const bool same =
          own->copy.slot == report.copy.slot && own->copy.generation == report.copy.generation;
      if (same || (is_shown(object, *own) && own->shape == report.shape)) {
        own->copy = report.copy;
        own->freeing = own->freeing && same;
        return;
      }
      erase(object, own);
    }
    object.copies.push_back({node, report.shape, report.copy});
    choose(object);
  }

  void remove(NodeId node, const ObjectId& id) {
    Object& object = objects_[id];
    const auto own = find(object, node);
    if (own != object.copies.end()) erase(object, own);
  }

  void kill(NodeId node) {
    for (auto& [id, object] : objects_) {
      // Those that are not shown first: a dead copy does not come forward.
      std::erase_if(object.copies, [&](const Entry& entry) { return entry.node.node == node; });
      choose(object);
    }
  }

  // The nodes that must be ordered to delete it.
  std::set<NodeId> free(const ObjectId& id) {
    std::set<NodeId> holders;
    for (Entry& entry : objects_[id].copies) {
      if (!entry.freeing) holders.insert(entry.node.node);
      entry.freeing = true;
    }
    return holders;
  }

  std::map<NodeId, Entry> shown(const ObjectId& id) const {
    std::map<NodeId, Entry> result;
    const auto object = objects_.find(id);
    if (object == objects_.end()) return result;
    for (const Entry& entry : object->second.copies) {
      if (is_shown(object->second, entry)) result[entry.node.node] = entry;
    }
    return result;
  }
  bool has_copies(const ObjectId& id) const {
    const auto object = objects_.find(id);
    return object != objects_.end() && !object->second.copies.empty();
  }

 private:
  struct Object {
    std::vector<Entry> copies;  // in the order in which they became known
    uint32_t origin = 0;        // of those that are shown
  };
  using Position = std::vector<Entry>::iterator;

  static Position find(Object& object, NodeId node) {
    return std::ranges::find(object.copies, node, [](const Entry& e) { return e.node.node; });
  }
  static bool is_shown(const Object& object, const Entry& entry) {
    return !entry.freeing && entry.shape.origin == object.origin;
  }
  static void erase(Object& object, Position position) {
    object.copies.erase(position);
    choose(object);
  }
  // The present put as long as a copy of it is left, else the one that was known first.
  static void choose(Object& object) {
    for (const Entry& entry : object.copies) {
      if (is_shown(object, entry)) return;
    }
    const auto next = std::ranges::find(object.copies, false, &Entry::freeing);
    if (next != object.copies.end()) object.origin = next->shape.origin;
  }

  std::map<ObjectId, Object> objects_;
};

// What a subscriber knows from snapshots and changes. Each change must be one.
class Replica {
 public:
  void apply(const LocationChange& change) {
    if (change.first) copies_.clear();
    const NodeId node = change.location.node.node;
    switch (change.kind) {
      case ChangeKind::kAdded:
        EXPECT_FALSE(copies_.contains(node)) << "told twice of node " << node;
        copies_[node] = change;
        break;
      case ChangeKind::kChanged:
        ASSERT_TRUE(copies_.contains(node));
        EXPECT_NE(copies_[node].location, change.location) << "a change that is none";
        copies_[node] = change;
        break;
      case ChangeKind::kRemoved: EXPECT_EQ(copies_.erase(node), 1u); break;
      case ChangeKind::kNothing: EXPECT_TRUE(copies_.empty()); break;
    }
  }

  void expect_equal(const std::map<NodeId, DirectoryModel::Entry>& expected) const {
    ASSERT_EQ(copies_.size(), expected.size());
    for (const auto& [node, entry] : expected) {
      ASSERT_TRUE(copies_.contains(node));
      EXPECT_EQ(copies_.at(node).location, (Location{entry.node, entry.copy}));
      EXPECT_EQ(copies_.at(node).shape, entry.shape);
    }
  }

 private:
  std::map<NodeId, LocationChange> copies_;
};

}  // namespace obj::directory
