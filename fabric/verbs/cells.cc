// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/cells.hh"

#include <utility>

#include "base/memory_file.hh"

namespace obj::verbs {

Result<Cells> Cells::create(uint32_t count) {
  const uint64_t page = page_bytes(PageSize::kSystem);
  const uint64_t bytes = (uint64_t{count} * kSlotBytes + page - 1) / page * page;
  OBJ_TRY(const UniqueFd file, create_memory_file("objd-checks", bytes, PageSize::kSystem));
  OBJ_TRY(Mapping mapping, Mapping::map(file.get(), bytes, Mapping::Access::kReadWrite, page));
  return Cells(std::move(mapping), count);
}

Cells::Cells(Mapping mapping, uint32_t count) : mapping_(std::move(mapping)) {
  free_.reserve(count);
  // The first ones on top: they stay in the cache.
  for (uint32_t cell = count; cell > 0; cell--) free_.push_back(cell - 1);
}

std::optional<uint32_t> Cells::take() {
  if (free_.empty()) return std::nullopt;
  const uint32_t cell = free_.back();
  free_.pop_back();
  return cell;
}

}  // namespace obj::verbs
