// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_directory.hh -- fake of the directory: who holds what, told to whoever subscribed.
//
// Faults: updates come late, coalesced, repeated (the options), and now and then name a copy with a
// wrong generation, offset or size (lie_one_in). Updates to one node keep their order.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "base/object_id.hh"
#include "fabric/pull/jitter.hh"
#include "fabric/pull/source.hh"
#include "tests/sim/event_queue.hh"

namespace obj::sim {

struct DirectoryOptions {
  uint64_t flush_ns_max = 500'000;  // changes of an object are gathered for up to this long
  uint32_t repeat_one_in = 8;       // updates are sent twice; 0: never
  uint32_t lie_one_in = 0;          // updates are wrong; 0: never
  size_t sources_named_max = 16;
};

class SimDirectory {
 public:
  using Send = std::function<void(uint32_t node, const ObjectId& id, const ObjectRecord& record)>;

  SimDirectory(EventQueue& queue, const DirectoryOptions& options, uint64_t seed, Send send)
      : queue_(queue), options_(options), jitter_(seed), send_(std::move(send)) {}

  void subscribe(uint32_t node, const ObjectId& id);
  void unsubscribe(uint32_t node, const ObjectId& id);
  // What a node says of its own copy; the last word counts. Late words of a dead life are refused.
  void report(const ObjectId& id, const ObjectShape& shape, const Source& copy);
  void withdraw(const ObjectId& id, SourceNode node);
  void set_being_made(const ObjectId& id, bool being_made);
  // Its copies vanish from every answer.
  void declare_dead(SourceNode node);

  bool has_whole_copy(const ObjectId& id) const;
  // Of the copies that it names; 0 if there is none.
  uint64_t extent_bytes(const ObjectId& id) const;
  size_t subscriptions() const;

 private:
  struct Group {
    ObjectShape shape;
    std::map<SourceNode, Source> copies;
  };
  struct Entry {
    std::map<uint32_t, Group> groups;  // by origin: the earliest one that has copies is the object
    std::map<uint32_t, ObjectRecord> subscribers;  // with what they were told last
    bool being_made = false;
    bool flush_due = false;
  };

  bool erase_copy(Entry& entry, SourceNode node);
  void changed(const ObjectId& id, Entry& entry);
  void flush(const ObjectId& id);
  ObjectRecord record_for(uint32_t node, const Entry& entry);
  void tell(uint32_t node, const ObjectId& id, ObjectRecord record);

  EventQueue& queue_;
  const DirectoryOptions options_;
  Jitter jitter_;
  Send send_;
  std::map<ObjectId, Entry> entries_;
  std::set<SourceNode> dead_;
};

}  // namespace obj::sim
