// SPDX-License-Identifier: Apache-2.0
// directory/directory_client_owner.hh -- seam: what a node's directory client asks of the node and
// tells it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hh"
#include "directory/location.hh"
#include "directory/location_answer.hh"

namespace obj::directory {

// What is known of an object. Copies of one put only; this node's own among them, if it reported
// one.
struct Located {
  ObjectShape shape;
  uint32_t copies_known = 0;  // may be more than are listed here
  std::vector<Location> copies;

  friend bool operator==(const Located&, const Located&) = default;
};

// The caller's name for one request; it may be any number, also one that is in use.
using RequestTag = uint64_t;

// Called from the client's step() and on_message(). The on_...() functions come last in them, and
// may call anything of the client but step() and the MessageHandler's functions.
class DirectoryClientOwner {
 public:
  virtual ~DirectoryClientOwner() = default;

  // Writes the next held copies, as they are at this moment, to `chunk` and moves `cursor`, which
  // is 0 at first. Returns how many; 0: that was all. Every copy that is held from the first call
  // to the last must appear; copies that come, change or go meanwhile must also be reported. It
  // must not call the client.
  virtual size_t next_of_inventory(uint64_t& cursor, std::span<CopyReport> chunk) = 0;

  // The end of a lookup(). kNotFound: no node holds it. kTimeout: no answer, or nobody could say
  // yet. kDisconnected: the directory could not be reached.
  virtual void on_located(RequestTag tag, const Result<Located>& located) = 0;
  // A subscribed id: once with what is known at first, then once for each real change. All copies.
  virtual void on_locations(const ObjectId& id, const Located& located) = 0;
  // The end of a free(): how many holders were told. Errors as on_located(), but kNotFound.
  virtual void on_freed(RequestTag tag, const Result<uint32_t>& holders) = 0;
  // The end of a find_node() or list_nodes().
  virtual void on_node(RequestTag tag, const Result<NodeAnswer>& node) = 0;
  virtual void on_nodes(RequestTag tag, const Result<std::vector<NodeAnswer>>& nodes) = 0;

  // Delete this generation, if it is still there, and withdraw() it when it is gone.
  virtual void on_free_order(const FreeOrder& order) = 0;
  // We hold `id`, but another node's put of the same id is what others see.
  virtual void on_conflict(const ObjectId& id) = 0;
};

}  // namespace obj::directory
