// SPDX-License-Identifier: Apache-2.0
// node/remote/readable_memory.hh -- this node's memory as others read it over RDMA, and what the
// lines of theirs say.
#pragma once

#include <span>

#include "fabric/verbs/shared_table.hh"
#include "store/object_table.hh"

namespace obj {

// Lifetime: `table` and the arena outlive it.
class ReadableMemory final : public verbs::SharedTable {
 public:
  ReadableMemory(std::span<std::byte> arena, const ObjectTable& table)
      : arena_(arena), table_(table) {}

  std::span<std::byte> arena() const override { return arena_; }
  std::span<const std::byte> table() const override { return table_.segment(); }
  verbs::TableShape shape() const override;
  bool is_start_of(verbs::Line line, SourceNode node) const override;
  Result<SlotSighting> sighting(verbs::Line line) const override;

 private:
  std::span<std::byte> arena_;
  const ObjectTable& table_;
};

}  // namespace obj
