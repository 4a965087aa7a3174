// SPDX-License-Identifier: Apache-2.0
// store/object_store.hh -- the life of the objects on this node: create, seal, pin, evict, delete.
//
//            create            seal                    evict (no pin found)
//   (none) ---------> Creating -----> Sealed <------> Evicting -------------> (none)
//                        |              |     pinned
//                        | abort        | remove: leaves the index at once; its memory when the
//                        v              v         last pin is gone (Withdrawn until then)
//                     (none)        Withdrawn --------------------------------> (none)
//
// Pure of I/O and clocks: it moves entries in the object table and extents of the arena, and asks
// `Readers` who reads what. Whoever waits, waits above (store/admission.hh, node/).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/object_id.hh"
#include "base/result.hh"
#include "store/ledger.hh"
#include "store/object_ref.hh"
#include "store/readers.hh"
#include "store/store_listener.hh"

namespace obj {

class ObjectTable;

// Counted since the start.
struct StoreCounters {
  Holding evicted;
  uint64_t pin_scans = 0;  // batches for which all pin cells were read
};

struct CreateSpec {
  ObjectId id;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  SessionId creator;
  CopyRole role = CopyRole::kPrimary;
  uint32_t origin = 0;                // the put that this will be a copy of; 0: a put of its own
  Safety safety = Safety::kOnlyCopy;  // kSpilled: it comes from its spill record
};

// Ids that are taken though nothing in memory has them.
class TakenIds {
 public:
  virtual ~TakenIds() = default;
  virtual bool is_taken(const ObjectId& id) const = 0;
};

// What obj_stat() tells of one object.
struct ObjectDescription {
  Placement placement;
  bool sealed;
  uint32_t owner_pins;
  uint32_t views;
  SessionId creator;  // of an unsealed object; 0 once sealed
};

// What look() sees of one object.
struct Sight {
  Placement placement;
  bool sealed;
  uint64_t ready_bytes;  // of its transfer bytes (store/shared/slot.hh); all of them once sealed
  SessionId creator;     // of an unsealed object; 0 once sealed
  bool owner_pinned;
};

// Lifetime: `table` and `readers` must outlive the store.
// Threads:  the daemon's reactor thread only.
// Limits:   table.slot_count() objects, arena_bytes of extents.
class ObjectStore {
 public:
  ObjectStore(ObjectTable& table, uint64_t arena_bytes, Readers& readers);
  ~ObjectStore();

  // Reserves memory and a slot, evicting the least recently used unpinned objects where needed;
  // primary copies only where giving up secondary ones would not make room, and never if
  // keep_only_copies() was said and they are safe nowhere else.
  //
  // kExists (also while another creates it, or if it is a taken id and this is not kSpillSession,
  // who brings such objects back), kTooLarge (more than the arena holds),
  // kOutOfMemory: no room now; blockers() says who holds it. Nothing is left behind on failure.
  // kLimit: the index chain of this id is full, which only ids built to collide bring about.
  // The object's extent is metadata_offset(data_bytes) + metadata_bytes long, at least 64 bytes,
  // 64-byte aligned, 4 KiB aligned from 4 KiB up.
  // Evicts at most about `evictions_max` objects in one call. If that was not enough it fails with
  // kOutOfMemory, and is_clearing() says that the same call again will go on.
  Result<Placement> create(const CreateSpec& spec, uint32_t evictions_max = UINT32_MAX);
  // Whether the last create() stopped at its evictions_max.
  bool is_clearing() const;

  // Whether create() could succeed in an empty arena: Ok, or its kExists, kTooLarge, kLimit.
  Result<void> admissible(const CreateSpec& spec) const;

  // Makes a Creating object visible to every reader. kStale if `ref` is gone or was removed
  // meanwhile (its memory is then given back), kNotOwner, kInvalid if it is sealed already.
  Result<Placement> seal(ObjectRef ref, SessionId session);

  // Raises what other nodes may read of a Creating object: its first `ready_bytes`, of data,
  // padding and metadata, are final. Less than before: Ok, nothing changes. kInvalid if there are
  // not so many; else errors as seal(), but nothing is given back.
  Result<void> show_ready(ObjectRef ref, SessionId session, uint64_t ready_bytes);

  // Gives a Creating object's memory back. Errors as seal().
  Result<void> abort(ObjectRef ref, SessionId session);

  // The sealed object `id`; counts as a use for eviction. Nothing if it is absent or unsealed.
  std::optional<Placement> find_sealed(const ObjectId& id);

  // The sealed or unsealed object `id`.
  std::optional<ObjectDescription> describe(const ObjectId& id);

  // Removes `id` from the index; its memory returns when nobody reads it (see reap()). Absent: Ok.
  // An unsealed object's memory returns when its creator seals, aborts or ends.
  void remove(const ObjectId& id);

  // Keeps a sealed object from eviction on behalf of a named owner. Idempotent per owner.
  // kNotFound; kLimit: too many owners (store/owner_pins.hh).  REQUIRES: owner is 1..31 bytes.
  Result<void> pin(const ObjectId& id, std::string_view owner);
  // kNotFound, kNotOwner if `owner` has no pin on it.
  Result<void> unpin(const ObjectId& id, std::string_view owner);

  // The object `ref`, sealed or not, if it is in the index. Costs no look at anybody's pins.
  std::optional<Sight> look(ObjectRef ref) const;
  // The same by id.
  std::optional<Sight> look_up(const ObjectId& id) const;

  // For a walk over all sealed objects: those in the slots from `slot_cursor` on, as many as `out`
  // holds; moves the cursor behind them. 0: the walk is over. Begin with a cursor of 0. Every
  // object that is sealed all the while is among them, once. O(slots) for the whole walk. REQUIRES:
  // `out` is not empty.
  size_t list_sealed(uint32_t& slot_cursor, std::span<Placement> out) const;

  // Who is told from now on of what is sealed and what is gone, in the order in which they came.
  // Lifetime: until removed, or the store is gone. REQUIRES: not called by a listener.
  void add_listener(StoreListener& listener);
  void remove_listener(StoreListener& listener);

  // ---- storage ---------------------------------------------------------------------------------
  // From now on a primary leaves memory only when it is safe elsewhere, or removed. `taken` must
  // outlive the store.
  void keep_only_copies(const TakenIds& taken);

  // Primaries that are only copies, and that no reader holds: those that should be made safe so
  // that an object of `size_bytes` fits, or else (0) the coldest. At least one if there is one, and
  // then as many as `bytes_max` and `count_max` allow. Appends to `out`.
  void choose_unsafe(uint64_t size_bytes, uint64_t bytes_max, size_t count_max,
                     std::vector<Placement>& out);

  // What is known of the bytes of a sealed primary. Gone or removed: false, and no effect.
  bool set_safety(ObjectRef ref, Safety safety);

  // Aborts what `session` has not sealed; returns how many. Its pin cells must no longer be seen by
  // Readers.
  uint32_t end_session(SessionId session);

  // Takes back withdrawn objects that nobody reads any more; returns how many. Call it when a
  // client rang after a release, when a session ended, and now and then while has_withdrawn().
  uint32_t reap();
  bool has_withdrawn() const;

  // The counters, kept as things happen, and the same counted anew from the table (for audits).
  const Ledger& ledger() const;
  Ledger recount() const;

  const StoreCounters& counters() const;
  // The largest single extent that is free now.
  uint64_t largest_free_bytes() const;

  // Who holds memory that cannot be evicted now: unsealed by session, viewed by session, pinned by
  // owner name; largest first, at most `entries_max`.
  std::vector<Blocker> blockers(uint32_t entries_max);
  // The objects that could be evicted, did clients not view them; each once.
  std::vector<Placement> viewed();

  // Aborts the process if any internal structure contradicts another. For tests; slow.
  void check_invariants() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace obj
