// SPDX-License-Identifier: Apache-2.0
#include "store/object_table.hh"

#include <sys/random.h>

#include <bit>
#include <new>
#include <utility>

#include "base/check.hh"
#include "base/memory_barrier.hh"
#include "store/huge_page_pool.hh"
#include "store/shared_memory.hh"
#include "store/system_files.hh"
#include "store/system_memory.hh"

namespace obj {
namespace {

constexpr uint64_t kHeadsOffset = kControlHeaderBytes;

// At least two chains a slot, so that most chains have one entry or none.
uint32_t bucket_count_for(uint32_t slot_count) { return std::bit_ceil(2 * slot_count); }

uint64_t slots_offset_for(uint32_t slot_count) {
  const uint64_t heads_end =
      kHeadsOffset + uint64_t{bucket_count_for(slot_count)} * sizeof(uint32_t);
  return (heads_end + alignof(Slot) - 1) & ~uint64_t{alignof(Slot) - 1};
}

// Fewer than four chains a slot (bit_ceil), so at most 80 bytes an object.
static_assert(sizeof(Slot) + 4 * sizeof(uint32_t) <= 128);
// A reader that follows a full chain reaches its end.
static_assert(ObjectTable::kChainMax < 64);

Result<uint64_t> random_seed() {
  uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) == sizeof seed) return seed;
  return std::unexpected(Error{ErrorCode::kSystem, errno, "getrandom"});
}

uint64_t whole_pages(uint64_t size_bytes, PageSize page_size) {
  const uint64_t page = page_bytes(page_size);
  return (size_bytes + page - 1) / page * page;
}

Result<SharedMemory> huge_memory(uint64_t segment_bytes, bool reserve) {
  constexpr PageSize kPages = PageSize::kHuge2M;
  const uint64_t size_bytes = whole_pages(segment_bytes, kPages);
  const SystemFiles files;
  if (reserve) HugePagePool(files, kPages).allow(size_bytes / page_bytes(kPages));
  return SharedMemory::create("objd-control", size_bytes, PageKind::kHuge2M);
}

// Of transparent huge pages where the kernel offers them: readers look up slots in random order.
Result<SharedMemory> small_memory(uint64_t segment_bytes) {
  OBJ_TRY(const SystemMemory system, SystemMemory::read(SystemFiles()));
  const uint64_t size_bytes = whole_pages(segment_bytes, PageSize::kSystem);
  if (size_bytes > system.available_bytes) {
    return std::unexpected(Error{ErrorCode::kOutOfMemory, 0, "object table"});
  }
  return SharedMemory::create("objd-control", size_bytes, PageKind::kTransparent);
}

}  // namespace

uint64_t ObjectTable::segment_bytes_for(uint32_t slot_count) {
  return slots_offset_for(slot_count) + uint64_t{slot_count} * sizeof(Slot);
}

Result<ObjectTable> ObjectTable::create(const ObjectTableOptions& options) {
  if (options.slot_count == 0 || options.slot_count > kSlotCountMax) {
    return std::unexpected(Error{ErrorCode::kInvalid, 0, "object table slot_count"});
  }
  const uint64_t segment_bytes = segment_bytes_for(options.slot_count);
  OBJ_TRY(const uint64_t seed, random_seed());
  const bool wants_huge = options.page_size != PageSize::kSystem;
  Result<SharedMemory> memory = wants_huge ? huge_memory(segment_bytes, options.reserve_huge_pages)
                                           : small_memory(segment_bytes);
  if (!memory && wants_huge) memory = small_memory(segment_bytes);
  if (!memory) return std::unexpected(memory.error());

  ObjectTable table;
  table.lay_out(memory->mapping.bytes(), options, seed);
  const auto sealed = forbid_new_writers(memory->file);
  if (!sealed) return std::unexpected(sealed.error());
  table.file_ = std::move(memory->file);
  table.mapping_ = std::move(memory->mapping);
  return table;
}

ObjectTable ObjectTable::over(std::span<std::byte> segment, const ObjectTableOptions& options,
                              uint64_t hash_seed) {
  ObjectTable table;
  table.lay_out(segment, options, hash_seed);
  return table;
}

void ObjectTable::lay_out(std::span<std::byte> segment, const ObjectTableOptions& options,
                          uint64_t hash_seed) {
  OBJ_CHECK(options.slot_count > 0);
  OBJ_CHECK(options.slot_count <= kSlotCountMax);
  OBJ_CHECK(segment.size() >= segment_bytes_for(options.slot_count));
  OBJ_CHECK(reinterpret_cast<uintptr_t>(segment.data()) % alignof(Slot) == 0);
  segment_ = segment;
  header_ = new (segment.data()) ControlHeader{};
  header_->magic = kControlMagic;
  header_->version = kControlVersion;
  header_->slot_count = options.slot_count;
  header_->bucket_count = bucket_count_for(options.slot_count);
  header_->heads_offset = kHeadsOffset;
  header_->slots_offset = slots_offset_for(options.slot_count);
  header_->hash_seed = hash_seed;
  header_->incarnation = options.incarnation;
  header_->arena_bytes = options.arena_bytes;
  // Zeros are what empty chains and free slots are made of, so nothing more is written.
  heads_ = reinterpret_cast<std::atomic<uint32_t>*>(segment.data() + header_->heads_offset);
  slots_ = reinterpret_cast<Slot*>(segment.data() + header_->slots_offset);
  bucket_mask_ = header_->bucket_count - 1;
  // Address space only, until slots are freed; so that release() never calls malloc.
  free_.reserve(options.slot_count);
}

IdWords ObjectTable::id_words(uint32_t slot) const {
  return {slots_[slot].id_words[0].load(kOwn), slots_[slot].id_words[1].load(kOwn)};
}

std::optional<uint32_t> ObjectTable::find(const ObjectId& id) const {
  const IdWords wanted = IdWords::of(id);
  uint32_t link = heads_[bucket_of(id)].load(kOwn);
  while (link != 0) {
    if (id_words(link - 1) == wanted) return link - 1;
    link = slots_[link - 1].next.load(kOwn);
  }
  return std::nullopt;
}

bool ObjectTable::has_room_for(const ObjectId& id) const {
  uint32_t length = 0;
  uint32_t link = heads_[bucket_of(id)].load(kOwn);
  for (; link != 0; link = slots_[link - 1].next.load(kOwn)) length++;
  return length < kChainMax;
}

uint32_t ObjectTable::take_slot() {
  OBJ_CHECK(free_slots() > 0);
  const uint32_t slot = next_free_slot();
  if (free_.empty()) {
    first_unused_++;
  } else {
    free_.pop_back();
  }
  return slot;
}

ObjectRef ObjectTable::add(const NewObject& object) {
  const uint32_t index = take_slot();
  Slot& slot = slots_[index];
  const ControlWord before = slot.control.load(kOwn);
  OBJ_CHECK(control_state(before) == SlotState::kFree);
  // release() moved the generation on already; it starts at 1, so that zeros name no object.
  const uint64_t generation = control_generation(before) == 0 ? 1 : control_generation(before);

  // Control before fields, and all with release: a reader that sees one of these fields sees this
  // control word too. Pairs with the acquire loads in TableView::find_sealed().
  const IdWords words = IdWords::of(object.id);
  slot.control.store(make_control(SlotState::kCreating, generation), std::memory_order_release);
  slot.id_words[0].store(words.first, std::memory_order_release);
  slot.id_words[1].store(words.second, std::memory_order_release);
  slot.offset.store(object.offset, std::memory_order_release);
  slot.data_bytes.store(object.data_bytes, std::memory_order_release);
  slot.ready_bytes.store(0, std::memory_order_release);
  slot.metadata_bytes.store(object.metadata_bytes, std::memory_order_release);
  slot.origin.store(object.origin, std::memory_order_release);

  std::atomic<uint32_t>& head = heads_[bucket_of(object.id)];
  slot.next.store(head.load(kOwn), std::memory_order_release);
  head.store(index + 1, std::memory_order_release);
  return {index, generation};
}

void ObjectTable::move(uint32_t slot, SlotState from, SlotState to, std::memory_order order) {
  const ControlWord before = control(slot);
  OBJ_CHECK(control_state(before) == from);
  slots_[slot].control.store(make_control(to, control_generation(before)), order);
}

uint64_t ObjectTable::transfer_bytes(uint32_t slot) const {
  return obj::transfer_bytes(slots_[slot].data_bytes.load(kOwn),
                             slots_[slot].metadata_bytes.load(kOwn));
}

void ObjectTable::show_ready(uint32_t slot, uint64_t ready_bytes) {
  OBJ_CHECK(state(slot) == SlotState::kCreating);
  OBJ_CHECK(ready_bytes >= this->ready_bytes(slot));
  OBJ_CHECK(ready_bytes <= transfer_bytes(slot));
  // Release; whoever sees it, sees those bytes, as far as they reached this thread.
  slots_[slot].ready_bytes.store(ready_bytes, std::memory_order_release);
}

void ObjectTable::seal(uint32_t slot) {
  slots_[slot].ready_bytes.store(transfer_bytes(slot), std::memory_order_release);
  // Release; publishes the fields, and the object's bytes as far as we saw them ourselves. Its
  // creator's stores reached us through its request ring.
  move(slot, SlotState::kCreating, SlotState::kSealed, std::memory_order_release);
}

void ObjectTable::begin_eviction(uint32_t slot) {
  // seq_cst; pairs with TableView::still(). See "Pins" in docs/notes/pin_protocol.md.
  move(slot, SlotState::kSealed, SlotState::kEvicting, std::memory_order_seq_cst);
}

void ObjectTable::cancel_eviction(uint32_t slot) {
  // Release: the very word of before comes back, and no field changed meanwhile.
  move(slot, SlotState::kEvicting, SlotState::kSealed, std::memory_order_release);
}

void ObjectTable::unlink(uint32_t slot) {
  std::atomic<uint32_t>* link = &heads_[bucket_of(slot)];
  while (true) {
    const uint32_t at = link->load(kOwn);
    OBJ_CHECK(at != 0);  // it was not in the index
    if (at - 1 == slot) break;
    link = &slots_[at - 1].next;
  }
  // Its own `next` stays, for readers that stand on it.
  link->store(slots_[slot].next.load(kOwn), std::memory_order_release);
}

void ObjectTable::release(uint32_t slot) {
  const ControlWord before = control(slot);
  const SlotState state = control_state(before);
  OBJ_CHECK(state == SlotState::kCreating || state == SlotState::kEvicting);
  OBJ_CHECK(control_generation(before) < kGenerationMax);
  // Release; whoever sees what the memory is given to next, sees that this object is gone.
  slots_[slot].control.store(make_control(SlotState::kFree, control_generation(before) + 1),
                             std::memory_order_release);
  // A daemon of this host that copies the old bytes looks at the word afterwards.
  store_barrier();
  free_.push_back(slot);
}

Placement ObjectTable::placement(uint32_t slot) const {
  const Slot& from = slots_[slot];
  OBJ_CHECK(state(slot) != SlotState::kFree);
  return {.ref = {slot, generation(slot)},
          .offset = from.offset.load(kOwn),
          .data_bytes = from.data_bytes.load(kOwn),
          .metadata_bytes = from.metadata_bytes.load(kOwn),
          .id = id_words(slot).id(),
          .origin = from.origin.load(kOwn)};
}

void ObjectTable::check_invariants() const {
  std::vector<bool> is_indexed(first_unused_);
  for (uint64_t bucket = 0; bucket <= bucket_mask_; bucket++) {
    uint32_t length = 0;
    for (uint32_t link = heads_[bucket].load(kOwn); link != 0;
         link = slots_[link - 1].next.load(kOwn)) {
      OBJ_CHECK(link <= first_unused_);
      OBJ_CHECK(!is_indexed[link - 1]);
      OBJ_CHECK(state(link - 1) != SlotState::kFree);
      OBJ_CHECK(bucket_of(link - 1) == bucket);
      OBJ_CHECK(++length <= kChainMax);
      is_indexed[link - 1] = true;
    }
  }
  size_t free_count = 0;
  for (uint32_t slot = 0; slot < first_unused_; slot++)
    free_count += state(slot) == SlotState::kFree;
  OBJ_CHECK(free_count == free_.size());
  for (const uint32_t slot : free_) OBJ_CHECK(state(slot) == SlotState::kFree);
}

}  // namespace obj
