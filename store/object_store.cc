// SPDX-License-Identifier: Apache-2.0
#include "store/object_store.hh"

#include <algorithm>
#include <unordered_set>

#include "base/check.hh"
#include "store/blockers.hh"
#include "store/clearing.hh"
#include "store/eviction.hh"
#include "store/inventory.hh"
#include "store/known_pins.hh"
#include "store/object_table.hh"
#include "store/owner_pins.hh"
#include "store/pin_scan.hh"

namespace obj {
namespace {

std::unexpected<Error> failure(ErrorCode code, const char* where) {
  return std::unexpected(Error{code, 0, where});
}

}  // namespace

class ObjectStore::Impl {
 public:
  Impl(ObjectTable& table, uint64_t arena_bytes, Readers& readers)
      : inventory_(table, arena_bytes),
        pins_(inventory_, readers),
        eviction_(inventory_, pins_, readers),
        unspillable_(inventory_, Purpose::kSpilling),
        spill_choice_(inventory_, unspillable_) {}

  Result<uint64_t> admissible_bytes(const CreateSpec& spec) const;
  Result<Placement> create(const CreateSpec& spec, uint32_t evictions_max);
  bool is_clearing() const { return is_clearing_; }
  Result<Placement> seal(ObjectRef ref, SessionId session);
  Result<void> show_ready(ObjectRef ref, SessionId session, uint64_t ready_bytes);
  Result<void> abort(ObjectRef ref, SessionId session);
  std::optional<Placement> find_sealed(const ObjectId& id);
  std::optional<ObjectDescription> describe(const ObjectId& id);
  void remove(const ObjectId& id);
  Result<void> pin(const ObjectId& id, std::string_view owner);
  Result<void> unpin(const ObjectId& id, std::string_view owner);
  uint32_t end_session(SessionId session);
  uint32_t reap();
  const StoreCounters& counters();
  void check_invariants() const;

  std::optional<Sight> look(ObjectRef ref) const;
  std::optional<Sight> look_up(const ObjectId& id) const;
  std::vector<Placement> viewed();
  size_t list_sealed(uint32_t& slot_cursor, std::span<Placement> out) const;
  void add_listener(StoreListener& listener) { inventory_.add_listener(listener); }
  void remove_listener(StoreListener& listener) { inventory_.remove_listener(listener); }
  void keep_only_copies(const TakenIds& taken);
  void choose_unsafe(uint64_t size_bytes, uint64_t bytes_max, size_t count_max,
                     std::vector<Placement>& out);
  bool set_safety(ObjectRef ref, Safety safety);

  const Inventory& inventory() const { return inventory_; }
  std::vector<Blocker> blockers(uint32_t entries_max) {
    return find_blockers(inventory_, owner_pins_, pins_, entries_max);
  }

 private:
  Sight sight(uint32_t slot) const;
  // Whether `ref` is unsealed and of `session`.
  Result<void> check_creator(ObjectRef ref, SessionId session) const;
  std::optional<uint32_t> sealed_slot(const ObjectId& id) const;
  void remove_sealed(uint32_t slot);

  Inventory inventory_;
  OwnerPins owner_pins_;
  PinScan pins_;
  Eviction eviction_;
  const TakenIds* taken_ = nullptr;  // null: none
  KnownPins unspillable_;            // of choose_unsafe()
  Clearing spill_choice_;
  bool is_clearing_ = false;
  StoreCounters counters_;
  std::vector<uint32_t> withdrawn_;     // scratch of reap()
  std::vector<uint32_t> still_pinned_;  // scratch of reap()
};

// How long the object is, unless it could not be created even in an empty arena.
Result<uint64_t> ObjectStore::Impl::admissible_bytes(const CreateSpec& spec) const {
  if (inventory_.table().find(spec.id)) return failure(ErrorCode::kExists, "create");
  const bool is_taken =
      taken_ != nullptr && spec.creator != kSpillSession && taken_->is_taken(spec.id);
  if (is_taken) return failure(ErrorCode::kExists, "create");
  // Before anything is added to it: a client may ask for 2^64 - 1 bytes.
  const uint64_t capacity_bytes = inventory_.extents().capacity_bytes();
  if (spec.data_bytes > capacity_bytes) return failure(ErrorCode::kTooLarge, "create");
  const uint64_t size_bytes = transfer_bytes(spec.data_bytes, spec.metadata_bytes);
  if (size_bytes > capacity_bytes) return failure(ErrorCode::kTooLarge, "create");
  if (!inventory_.table().has_room_for(spec.id)) return failure(ErrorCode::kLimit, "index chain");
  return size_bytes;
}

Result<Placement> ObjectStore::Impl::create(const CreateSpec& spec, uint32_t evictions_max) {
  is_clearing_ = false;
  OBJ_TRY(const uint64_t size_bytes, admissible_bytes(spec));
  if (!inventory_.has_room(size_bytes)) {
    const Eviction::Room room = eviction_.make_room(size_bytes, evictions_max);
    is_clearing_ = room == Eviction::Room::kUnfinished;
    if (room != Eviction::Room::kThere) return failure(ErrorCode::kOutOfMemory, "create");
  }
  const ObjectRef ref = inventory_.add(spec, size_bytes);
  return inventory_.placement(ref.slot);
}

Result<void> ObjectStore::Impl::check_creator(ObjectRef ref, SessionId session) const {
  if (!inventory_.holds(ref)) return failure(ErrorCode::kStale, "seal or abort");
  const ObjectEntry& entry = inventory_.entry(ref.slot);
  if (entry.place == Place::kWithdrawn) return failure(ErrorCode::kStale, "seal or abort");
  if (entry.place != Place::kUnsealed) return failure(ErrorCode::kInvalid, "seal or abort");
  if (entry.creator != session) return failure(ErrorCode::kNotOwner, "seal or abort");
  return {};
}

Result<Placement> ObjectStore::Impl::seal(ObjectRef ref, SessionId session) {
  const auto allowed = check_creator(ref, session);
  if (!allowed) return std::unexpected(allowed.error());
  if (!inventory_.entry(ref.slot).is_indexed) {
    // Removed meanwhile; its memory waited for this word of its creator, who may have been writing.
    inventory_.discard(ref.slot);
    return failure(ErrorCode::kStale, "seal");
  }
  inventory_.seal(ref.slot);
  return inventory_.placement(ref.slot);
}

Result<void> ObjectStore::Impl::show_ready(ObjectRef ref, SessionId session, uint64_t ready_bytes) {
  const auto allowed = check_creator(ref, session);
  if (!allowed) return allowed;
  if (!inventory_.entry(ref.slot).is_indexed) return failure(ErrorCode::kStale, "show_ready");
  const ObjectTable& table = inventory_.table();
  if (ready_bytes > table.transfer_bytes(ref.slot)) {
    return failure(ErrorCode::kInvalid, "show_ready");
  }
  if (ready_bytes > table.ready_bytes(ref.slot)) inventory_.show_ready(ref.slot, ready_bytes);
  return {};
}

Result<void> ObjectStore::Impl::abort(ObjectRef ref, SessionId session) {
  const auto allowed = check_creator(ref, session);
  if (!allowed) return allowed;
  const bool was_removed = !inventory_.entry(ref.slot).is_indexed;
  inventory_.discard(ref.slot);
  if (was_removed) return failure(ErrorCode::kStale, "abort");
  return {};
}

std::optional<uint32_t> ObjectStore::Impl::sealed_slot(const ObjectId& id) const {
  const auto slot = inventory_.table().find(id);
  if (!slot || inventory_.table().state(*slot) != SlotState::kSealed) return std::nullopt;
  return slot;
}

std::optional<Placement> ObjectStore::Impl::find_sealed(const ObjectId& id) {
  const auto slot = sealed_slot(id);
  if (!slot) return std::nullopt;
  ObjectEntry& entry = inventory_.entry(*slot);
  if (entry.place == Place::kEvictable) inventory_.recency().touch(entry);
  return inventory_.placement(*slot);
}

std::optional<ObjectDescription> ObjectStore::Impl::describe(const ObjectId& id) {
  const auto slot = inventory_.table().find(id);
  if (!slot) return std::nullopt;
  const ObjectEntry& entry = inventory_.entry(*slot);
  const Placement placement = inventory_.placement(*slot);
  const bool is_sealed = entry.place != Place::kUnsealed;
  return ObjectDescription{.placement = placement,
                           .sealed = is_sealed,
                           .owner_pins = owner_pins_.count(*slot),
                           .views = is_sealed ? pins_.count(placement.ref) : 0,
                           .creator = entry.creator};
}

std::optional<Sight> ObjectStore::Impl::look(ObjectRef ref) const {
  if (!inventory_.holds(ref) || !inventory_.entry(ref.slot).is_indexed) return std::nullopt;
  return sight(ref.slot);
}

std::optional<Sight> ObjectStore::Impl::look_up(const ObjectId& id) const {
  const auto slot = inventory_.table().find(id);
  return slot ? std::optional(sight(*slot)) : std::nullopt;
}

Sight ObjectStore::Impl::sight(uint32_t slot) const {
  const ObjectEntry& entry = inventory_.entry(slot);
  return {.placement = inventory_.placement(slot),
          .sealed = entry.place != Place::kUnsealed,
          .ready_bytes = inventory_.table().ready_bytes(slot),
          .creator = entry.creator,
          .owner_pinned = entry.place == Place::kOwnerPinned};
}

std::vector<Placement> ObjectStore::Impl::viewed() {
  std::unordered_set<uint32_t> slots;
  pins_.for_each([&](SessionId session, uint32_t slot) {
    const bool is_evictable = inventory_.entry(slot).place == Place::kEvictable;
    if (session <= kClientSessionMax && is_evictable) slots.insert(slot);
  });
  std::vector<Placement> viewed;
  for (const uint32_t slot : slots) viewed.push_back(inventory_.placement(slot));
  return viewed;
}

void ObjectStore::Impl::keep_only_copies(const TakenIds& taken) {
  taken_ = &taken;
  inventory_.keep_only_copies(true);
}

void ObjectStore::Impl::choose_unsafe(uint64_t size_bytes, uint64_t bytes_max, size_t count_max,
                                      std::vector<Placement>& out) {
  if (inventory_.recency().size(Worth::kOnlyCopy) == 0) return;
  unspillable_.learn(pins_);
  uint64_t bytes = 0;
  const auto take = [&](const ObjectEntry& entry) {
    if (count_max == 0 || (bytes > 0 && entry.size_bytes > bytes_max - bytes)) return false;
    out.push_back(inventory_.placement(inventory_.slot_of(entry)));
    bytes += std::min(entry.size_bytes, bytes_max);
    count_max--;
    return true;
  };
  if (size_bytes > 0) {
    Clearing::Victims stretch;
    spill_choice_.restart(Worth::kOnlyCopy);
    const bool found = spill_choice_.near_coldest(size_bytes, stretch) ||
                       spill_choice_.anywhere(size_bytes, stretch);
    if (!found) return;
    for (const ObjectEntry* const entry : stretch) {
      if (entry->worth() == Worth::kOnlyCopy && !take(*entry)) return;
    }
    return;
  }
  Recency& recency = inventory_.recency();
  ObjectEntry* entry = recency.coldest(Worth::kOnlyCopy);
  for (; entry != nullptr; entry = recency.next_warmer(*entry)) {
    if (!unspillable_.contains(*entry) && !take(*entry)) return;
  }
}

bool ObjectStore::Impl::set_safety(ObjectRef ref, Safety safety) {
  if (!inventory_.holds(ref)) return false;
  const ObjectEntry& entry = inventory_.entry(ref.slot);
  const bool is_sealed = entry.place == Place::kEvictable || entry.place == Place::kOwnerPinned;
  if (!is_sealed || !entry.is_indexed) return false;
  OBJ_CHECK(entry.role == CopyRole::kPrimary);
  inventory_.set_safety(ref.slot, safety);
  return true;
}

size_t ObjectStore::Impl::list_sealed(uint32_t& slot_cursor, std::span<Placement> out) const {
  OBJ_CHECK(!out.empty());
  const ObjectTable& table = inventory_.table();
  size_t found = 0;
  for (; slot_cursor < table.first_unused() && found < out.size(); slot_cursor++) {
    if (table.state(slot_cursor) != SlotState::kSealed) continue;
    out[found++] = inventory_.placement(slot_cursor);
  }
  return found;
}

void ObjectStore::Impl::remove(const ObjectId& id) {
  const auto slot = inventory_.table().find(id);
  if (!slot) return;
  inventory_.unlink(*slot);
  if (inventory_.entry(*slot).place != Place::kUnsealed) remove_sealed(*slot);
}

void ObjectStore::Impl::remove_sealed(uint32_t slot) {
  const ObjectEntry& entry = inventory_.entry(slot);
  if (entry.place == Place::kOwnerPinned) {
    owner_pins_.remove_all(slot, entry.size_bytes);
    inventory_.release_from_owner(slot);
  }
  inventory_.stop_pins(slot);
  const bool is_pinned = pins_.count({slot, inventory_.table().generation(slot)}) > 0;
  if (is_pinned) {
    inventory_.withdraw(slot);
  } else {
    inventory_.discard(slot);
  }
}

Result<void> ObjectStore::Impl::pin(const ObjectId& id, std::string_view owner) {
  const auto slot = sealed_slot(id);
  if (!slot) return failure(ErrorCode::kNotFound, "pin");
  const auto added = owner_pins_.add(*slot, inventory_.entry(*slot).size_bytes, owner);
  const bool is_first = added && inventory_.entry(*slot).place == Place::kEvictable;
  if (is_first) inventory_.keep_for_owner(*slot);
  return added;
}

Result<void> ObjectStore::Impl::unpin(const ObjectId& id, std::string_view owner) {
  const auto slot = sealed_slot(id);
  if (!slot) return failure(ErrorCode::kNotFound, "unpin");
  const auto removed = owner_pins_.remove(*slot, inventory_.entry(*slot).size_bytes, owner);
  if (removed && owner_pins_.count(*slot) == 0) inventory_.release_from_owner(*slot);
  return removed;
}

uint32_t ObjectStore::Impl::end_session(SessionId session) {
  uint32_t aborted = 0;
  while (const ObjectEntry* entry = inventory_.unsealed().first_of(session)) {
    inventory_.discard(inventory_.slot_of(*entry));
    aborted++;
  }
  inventory_.unsealed().forget(session);
  return aborted;
}

uint32_t ObjectStore::Impl::reap() {
  if (inventory_.withdrawn().empty()) return 0;
  withdrawn_.clear();
  still_pinned_.clear();
  for (const ObjectEntry& entry : inventory_.withdrawn()) {
    withdrawn_.push_back(inventory_.slot_of(entry));
  }
  pins_.split(withdrawn_, still_pinned_);
  inventory_.discard(withdrawn_);
  return static_cast<uint32_t>(withdrawn_.size());
}

const StoreCounters& ObjectStore::Impl::counters() {
  counters_ = {eviction_.evicted(), pins_.scans()};
  return counters_;
}

void ObjectStore::Impl::check_invariants() const {
  inventory_.check_invariants();
  const ObjectTable& table = inventory_.table();
  for (uint32_t slot = 0; slot < table.first_unused(); slot++) {
    const bool is_owned = table.state(slot) != SlotState::kFree &&
                          inventory_.entry(slot).place == Place::kOwnerPinned;
    OBJ_CHECK(is_owned == (owner_pins_.count(slot) > 0));
  }
}

ObjectStore::ObjectStore(ObjectTable& table, uint64_t arena_bytes, Readers& readers)
    : impl_(std::make_unique<Impl>(table, arena_bytes, readers)) {}
ObjectStore::~ObjectStore() = default;

Result<void> ObjectStore::admissible(const CreateSpec& spec) const {
  const auto size_bytes = impl_->admissible_bytes(spec);
  if (!size_bytes) return std::unexpected(size_bytes.error());
  return {};
}
Result<Placement> ObjectStore::create(const CreateSpec& spec, uint32_t evictions_max) {
  return impl_->create(spec, evictions_max);
}
bool ObjectStore::is_clearing() const { return impl_->is_clearing(); }
Result<Placement> ObjectStore::seal(ObjectRef ref, SessionId session) {
  return impl_->seal(ref, session);
}
Result<void> ObjectStore::show_ready(ObjectRef ref, SessionId session, uint64_t ready_bytes) {
  return impl_->show_ready(ref, session, ready_bytes);
}
Result<void> ObjectStore::abort(ObjectRef ref, SessionId session) {
  return impl_->abort(ref, session);
}
std::optional<Placement> ObjectStore::find_sealed(const ObjectId& id) {
  return impl_->find_sealed(id);
}
std::optional<ObjectDescription> ObjectStore::describe(const ObjectId& id) {
  return impl_->describe(id);
}
void ObjectStore::remove(const ObjectId& id) { impl_->remove(id); }
Result<void> ObjectStore::pin(const ObjectId& id, std::string_view owner) {
  return impl_->pin(id, owner);
}
Result<void> ObjectStore::unpin(const ObjectId& id, std::string_view owner) {
  return impl_->unpin(id, owner);
}
std::optional<Sight> ObjectStore::look(ObjectRef ref) const { return impl_->look(ref); }
std::optional<Sight> ObjectStore::look_up(const ObjectId& id) const { return impl_->look_up(id); }
std::vector<Placement> ObjectStore::viewed() { return impl_->viewed(); }
size_t ObjectStore::list_sealed(uint32_t& slot_cursor, std::span<Placement> out) const {
  return impl_->list_sealed(slot_cursor, out);
}
void ObjectStore::add_listener(StoreListener& listener) { impl_->add_listener(listener); }
void ObjectStore::remove_listener(StoreListener& listener) { impl_->remove_listener(listener); }
void ObjectStore::keep_only_copies(const TakenIds& taken) { impl_->keep_only_copies(taken); }
void ObjectStore::choose_unsafe(uint64_t size_bytes, uint64_t bytes_max, size_t count_max,
                                std::vector<Placement>& out) {
  impl_->choose_unsafe(size_bytes, bytes_max, count_max, out);
}
bool ObjectStore::set_safety(ObjectRef ref, Safety safety) {
  return impl_->set_safety(ref, safety);
}
uint32_t ObjectStore::end_session(SessionId session) { return impl_->end_session(session); }
uint32_t ObjectStore::reap() { return impl_->reap(); }
bool ObjectStore::has_withdrawn() const { return !impl_->inventory().withdrawn().empty(); }
const Ledger& ObjectStore::ledger() const { return impl_->inventory().ledger(); }
Ledger ObjectStore::recount() const { return impl_->inventory().recount(); }
const StoreCounters& ObjectStore::counters() const { return impl_->counters(); }
uint64_t ObjectStore::largest_free_bytes() const {
  return impl_->inventory().extents().largest_free_bytes();
}
std::vector<Blocker> ObjectStore::blockers(uint32_t entries_max) {
  return impl_->blockers(entries_max);
}
void ObjectStore::check_invariants() const { impl_->check_invariants(); }

}  // namespace obj
