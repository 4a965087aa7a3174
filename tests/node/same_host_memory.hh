// SPDX-License-Identifier: Apache-2.0
// tests/node/same_host_memory.hh -- a table and an arena as a daemon has them, for neighbours to
// read.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <vector>

#include "base/mapping.hh"
#include "base/memory_file.hh"
#include "fabric/read_transport.hh"
#include "node/same_host/memory_door.hh"
#include "store/object_table.hh"

namespace obj {

class SameHostMemory {
 public:
  static constexpr uint64_t kArenaBytes = 8 << 20;

  explicit SameHostMemory(uint64_t incarnation)
      : table_(*ObjectTable::create(
            {.slot_count = 16, .incarnation = incarnation, .arena_bytes = kArenaBytes})),
        file_(*create_memory_file("test-arena", kArenaBytes, PageSize::kSystem)),
        mapping_(*Mapping::map(file_.get(), kArenaBytes, Mapping::Access::kReadWrite, 4096)),
        read_only_file_(*reopen_read_only(file_)),
        incarnation_(incarnation) {}

  // A sealed object of these bytes.
  RemoteCopy put(SourceNode node, const ObjectId& id, uint64_t offset,
                 std::span<const std::byte> data) {
    std::memcpy(mapping_.bytes().data() + offset, data.data(), data.size());
    const ObjectRef ref = table_.add({id, offset, data.size(), 0});
    table_.seal(ref.slot);
    return {node, id, ref.slot, ref.generation, offset};
  }
  // As an eviction does it.
  void evict(uint32_t slot) {
    table_.begin_eviction(slot);
    table_.unlink(slot);
    table_.release(slot);
  }

  ObjectTable& table() { return table_; }
  std::span<std::byte> arena() { return mapping_.bytes(); }
  const UniqueFd& arena_file() const { return read_only_file_; }
  OwnMemory files() const { return {table_.file().get(), read_only_file_.get(), incarnation_}; }

 private:
  ObjectTable table_;
  UniqueFd file_;
  Mapping mapping_;
  UniqueFd read_only_file_;
  uint64_t incarnation_;
};

inline ReadOrder order_of(const RemoteCopy& copy, ReadCookie cookie,
                          std::span<std::byte> destination, uint64_t object_offset = 0) {
  return {cookie, copy, object_offset, static_cast<uint32_t>(destination.size()),
          destination.data()};
}

}  // namespace obj
