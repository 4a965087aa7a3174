// SPDX-License-Identifier: Apache-2.0
// node/same_host/neighbour_memory.hh -- another daemon's table and arena, mapped read-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/mapping.hh"
#include "base/result.hh"
#include "base/unique_fd.hh"
#include "fabric/read_transport.hh"
#include "store/shared/table_view.hh"

namespace obj {

// The owner changes both while we look: what is copied counts only if still() says kSame after it.
// See "Reading beside the owner" in docs/same_host.md. The owner may be stopped or dead: the memory
// stays until this is destroyed.
//
// Threads: any one at a time.
class NeighbourMemory {
 public:
  // kInvalid: not memory files whose size is fixed (a shrinking one would kill us with SIGBUS), or
  // not a control segment. kStale: of another life of the node. kVersion, kOutOfMemory, kSystem.
  static Result<NeighbourMemory> map(const UniqueFd& control, const UniqueFd& arena,
                                     uint64_t incarnation);

  // What the slot says of this copy. kStale: it is not there (any more).
  Result<SlotSighting> look(const RemoteCopy& copy) const;

  // The bytes of the order, from `begin` on for `size_bytes`. REQUIRES: within the order;
  // may_read().
  void copy(const ReadOrder& order, uint64_t begin, size_t size_bytes) const;
  // Whether all that is ordered is final, and where the order says. kStale: not so.
  Result<void> may_read(const ReadOrder& order) const;

  enum class Still : uint8_t {
    kSame,       // what was copied before this call are the bytes of that copy
    kUnsettled,  // likewise, but it is about to go, unless a reader of its node still holds it
    kGone,       // what was copied may be anything
  };
  Still still(const RemoteCopy& copy) const;

 private:
  NeighbourMemory(Mapping control, Mapping arena, const TableView& table)
      : control_(std::move(control)), arena_(std::move(arena)), table_(table) {}

  Mapping control_;
  Mapping arena_;
  TableView table_;  // over control_
};

}  // namespace obj
