// SPDX-License-Identifier: Apache-2.0
#include "node/same_host/neighbour_memory.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <utility>

#include "base/memory_barrier.hh"
#include "base/streaming_copy.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

constexpr Error kStaleCopy{ErrorCode::kStale, 0,
                           "same host: the owner has no such copy, or it is not as long as asked "
                           "for"};

Result<Mapping> map_file(const UniqueFd& file) {
  // Others than memory files answer EINVAL.
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "same host: a file that can shrink"});
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "fstat"});
  }
  const auto size_bytes = static_cast<uint64_t>(status.st_size);
  const auto page_bytes = static_cast<uint64_t>(status.st_blksize);  // huge ones too
  if (size_bytes == 0 || !std::has_single_bit(page_bytes)) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "same host: an empty file"});
  }
  return Mapping::map(file.get(), size_bytes, Mapping::Access::kReadOnly, page_bytes);
}

}  // namespace

Result<NeighbourMemory> NeighbourMemory::map(const UniqueFd& control, const UniqueFd& arena,
                                             uint64_t incarnation) {
  OBJ_TRY(Mapping control_mapping, map_file(control));
  OBJ_TRY(const TableView table, TableView::over(control_mapping.bytes()));
  if (table.header().incarnation != incarnation) {
    return std::unexpected(
        Error{ErrorCode::kStale, 0, "same host: the memory of another life of the node"});
  }
  OBJ_TRY(Mapping arena_mapping, map_file(arena));
  // Where the owner has huge pages we want to map them as such. Advice, so may fail.
  ::madvise(arena_mapping.bytes().data(), arena_mapping.bytes().size(), MADV_HUGEPAGE);
  return NeighbourMemory(std::move(control_mapping), std::move(arena_mapping), table);
}

Result<SlotSighting> NeighbourMemory::look(const RemoteCopy& copy) const {
  if (copy.slot >= table_.slot_count()) return std::unexpected(kStaleCopy);
  const Slot& slot = table_.slot(copy.slot);
  constexpr auto kAcquire = std::memory_order_acquire;
  const ControlWord control = slot.control.load(kAcquire);
  if (control_generation(control) != copy.generation ||
      control_state(control) == SlotState::kFree) {
    return std::unexpected(kStaleCopy);
  }
  const IdWords id{slot.id_words[0].load(kAcquire), slot.id_words[1].load(kAcquire)};
  const SlotSighting sighting{.id = id.id(),
                              .generation = copy.generation,
                              .offset = slot.offset.load(kAcquire),
                              .data_bytes = slot.data_bytes.load(kAcquire),
                              .metadata_bytes = slot.metadata_bytes.load(kAcquire),
                              .ready_bytes = slot.ready_bytes.load(kAcquire)};
  // The state may move on within a generation; the fields then stay, and ready_bytes only grows.
  if (control_generation(slot.control.load(kAcquire)) != copy.generation ||
      sighting.id != copy.id) {
    return std::unexpected(kStaleCopy);
  }
  return sighting;
}

Result<void> NeighbourMemory::may_read(const ReadOrder& order) const {
  OBJ_TRY(const SlotSighting sighting, look(order.copy));
  const uint64_t arena_bytes = arena_.bytes().size();
  const bool is_ready = order.object_offset <= sighting.ready_bytes &&
                        order.size_bytes <= sighting.ready_bytes - order.object_offset;
  // The owner's word about its own arena is input.
  const bool is_inside =
      sighting.offset <= arena_bytes && sighting.ready_bytes <= arena_bytes - sighting.offset;
  if (!is_ready || !is_inside || sighting.offset != order.copy.offset) {
    return std::unexpected(kStaleCopy);
  }
  return {};
}

void NeighbourMemory::copy(const ReadOrder& order, uint64_t begin, size_t size_bytes) const {
  const uint64_t from = order.copy.offset + order.object_offset + begin;
  streaming_copy(order.destination + begin, arena_.bytes().data() + from, size_bytes);
}

NeighbourMemory::Still NeighbourMemory::still(const RemoteCopy& copy) const {
  load_barrier();
  const ControlWord control = table_.slot(copy.slot).control.load(std::memory_order_seq_cst);
  if (control_generation(control) != copy.generation) return Still::kGone;
  return control_state(control) == SlotState::kEvicting ? Still::kUnsettled : Still::kSame;
}

}  // namespace obj
