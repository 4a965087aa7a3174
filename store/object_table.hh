// SPDX-License-Identifier: Apache-2.0
// store/object_table.hh -- the one writer of the control segment.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mapping.hh"
#include "base/memory_file.hh"
#include "base/object_id.hh"
#include "base/result.hh"
#include "base/unique_fd.hh"
#include "store/object_ref.hh"
#include "store/shared/control_header.hh"
#include "store/shared/slot.hh"
#include "store/shared/table_view.hh"

namespace obj {

struct ObjectTableOptions {
  uint32_t slot_count = 1u << 20;  // 1..ObjectTable::kSlotCountMax
  uint64_t incarnation = 0;
  uint64_t arena_bytes = 0;
  PageSize page_size = PageSize::kSystem;  // falls back to kSystem if huge pages cannot be had
  bool reserve_huge_pages = false;  // raise the kernel's limit of huge pages if it is too low
};

// Where a new object lies and what it is called.
struct NewObject {
  ObjectId id;
  uint64_t offset;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  uint32_t origin = 0;
};

// The storage layout is docs/control_segment.md; who may be looked at when is
// docs/notes/pin_protocol.md. It keeps the slots and the index consistent, and knows nothing of
// memory, pins or eviction.
//
//   add()            Free -> Creating, in the index
//   seal()           Creating -> Sealed
//   begin_eviction() Sealed -> Evicting        cancel_eviction() Evicting -> Sealed
//   unlink()         leaves the index, in any state; the slot stays occupied
//   release()        Creating or Evicting, and not in the index -> Free
//
// All of them are O(1); a chain of the index never has more than kChainMax slots.
//
// Threads: the reactor thread; readers in other threads and processes look on through TableView.
class ObjectTable {
 public:
  static constexpr uint32_t kSlotCountMax = 10'000'000;
  // Clients know the hash seed and so can build ids that share a chain; this bounds what that costs
  // us. Readers follow no longer chains either. By chance a chain has more than 12 once in 10^12.
  static constexpr uint32_t kChainMax = 48;

  // In a memfd that nobody else can write, populated. kHuge1G is taken as kHuge2M: the table is not
  // worth a gigabyte. kOutOfMemory, kSystem; kInvalid: slot_count is out of range.
  static Result<ObjectTable> create(const ObjectTableOptions& options);

  // In memory of the caller's, which must outlive the table. For tests and fuzzers.
  // REQUIRES: `segment` has segment_bytes_for(options.slot_count) zeros, 64-byte aligned.
  static ObjectTable over(std::span<std::byte> segment, const ObjectTableOptions& options,
                          uint64_t hash_seed);

  static uint64_t segment_bytes_for(uint32_t slot_count);

  ControlHeader& header() { return *header_; }
  const ControlHeader& header() const { return *header_; }
  uint64_t segment_bytes() const { return segment_.size(); }
  std::span<const std::byte> segment() const { return segment_; }
  // For clients: mappings of it can only be read-only.
  const UniqueFd& file() const { return file_; }

  uint32_t slot_count() const { return header_->slot_count; }
  uint32_t free_slots() const {
    return slot_count() - first_unused_ + static_cast<uint32_t>(free_.size());
  }
  // Slots from here on were never used.
  uint32_t first_unused() const { return first_unused_; }

  // The slot that holds `id`, in whatever state, as long as it is in the index.
  std::optional<uint32_t> find(const ObjectId& id) const;
  // Whether add() may be called for `id`: its chain has room.
  bool has_room_for(const ObjectId& id) const;

  // The slot that add() would take now. REQUIRES: free_slots() > 0.
  uint32_t next_free_slot() const { return free_.empty() ? first_unused_ : free_.back(); }
  // REQUIRES: free_slots() > 0; has_room_for(object.id); find(object.id) is empty.
  ObjectRef add(const NewObject& object);
  // How much of a Creating object may be read by those who know how to read a part of one.
  // REQUIRES: Creating; not less than before; <= transfer_bytes().
  void show_ready(uint32_t slot, uint64_t ready_bytes);
  // REQUIRES: the state that the diagram shows; so for the next four.
  void seal(uint32_t slot);
  // Readers may pin the slot until this returns, never after: scan their pins next.
  void begin_eviction(uint32_t slot);
  void cancel_eviction(uint32_t slot);
  void unlink(uint32_t slot);
  // The generation moves on: call it before the object's memory is given to anything else.
  void release(uint32_t slot);

  // REQUIRES: slot < slot_count().
  SlotState state(uint32_t slot) const { return control_state(control(slot)); }
  uint64_t generation(uint32_t slot) const { return control_generation(control(slot)); }
  // REQUIRES: the slot is not Free.
  Placement placement(uint32_t slot) const;
  uint64_t offset(uint32_t slot) const { return slots_[slot].offset.load(kOwn); }
  uint64_t ready_bytes(uint32_t slot) const { return slots_[slot].ready_bytes.load(kOwn); }
  // REQUIRES: the slot is not Free.
  uint64_t transfer_bytes(uint32_t slot) const;

  // Hints to the CPU, for callers that go over many slots. REQUIRES: slot < slot_count().
  void prefetch_slot(uint32_t slot) const { __builtin_prefetch(&slots_[slot], 1); }
  void prefetch_chain(uint32_t slot) const { __builtin_prefetch(&heads_[bucket_of(slot)], 1); }

  // Aborts if chains, states and the free list contradict one another. O(slots).
  void check_invariants() const;

 private:
  // What the one writer reads back is what it wrote.
  static constexpr auto kOwn = std::memory_order_relaxed;

  ObjectTable() : file_(-1) {}
  void lay_out(std::span<std::byte> segment, const ObjectTableOptions& options, uint64_t hash_seed);

  ControlWord control(uint32_t slot) const { return slots_[slot].control.load(kOwn); }
  IdWords id_words(uint32_t slot) const;
  uint64_t bucket_of(const ObjectId& id) const {
    return hash(id, header_->hash_seed) & bucket_mask_;
  }
  uint64_t bucket_of(uint32_t slot) const { return bucket_of(id_words(slot).id()); }
  void move(uint32_t slot, SlotState from, SlotState to, std::memory_order order);
  uint32_t take_slot();

  UniqueFd file_;
  Mapping mapping_;

  // Into the segment.
  std::span<std::byte> segment_;
  ControlHeader* header_ = nullptr;
  std::atomic<uint32_t>* heads_ = nullptr;
  Slot* slots_ = nullptr;
  uint64_t bucket_mask_ = 0;

  // Slots in use before and free now, the last one freed on top: its cache lines are warm. Slots
  // that were never used are not listed, so that a start needs no pass over them.
  std::vector<uint32_t> free_;
  uint32_t first_unused_ = 0;
};

}  // namespace obj
