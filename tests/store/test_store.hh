// SPDX-License-Identifier: Apache-2.0
// tests/store/test_store.hh -- an object store with its table in ordinary memory, and fake readers.
#pragma once

#include <cstdint>

#include "store/object_store.hh"
#include "store/object_table.hh"
#include "tests/store/fake_readers.hh"
#include "tests/store/test_segment.hh"

namespace obj {

struct TestStore {
  static constexpr uint64_t kSeed = 4711;

  TestStore(uint32_t slot_count, uint64_t arena_bytes)
      : segment(slot_count),
        table(ObjectTable::over(segment.bytes(), {.slot_count = slot_count}, kSeed)),
        store(table, arena_bytes, readers) {}

  Result<Placement> create(uint64_t number, uint64_t data_bytes, SessionId session = 1,
                           CopyRole role = CopyRole::kPrimary) {
    return store.create({numbered_id(number), data_bytes, 0, session, role});
  }
  // Creates and seals; the store must have room.
  ObjectRef put(uint64_t number, uint64_t data_bytes, CopyRole role = CopyRole::kPrimary) {
    const ObjectRef ref = create(number, data_bytes, 1, role).value().ref;
    return store.seal(ref, 1).value().ref;
  }
  TableView view() { return TableView::over(segment.bytes()).value(); }
  bool has(uint64_t number) { return table.find(numbered_id(number)).has_value(); }
  // Whether the books agree with the objects.
  bool is_consistent() {
    store.check_invariants();
    return store.ledger() == store.recount();
  }

  TestSegment segment;
  ObjectTable table;
  FakeReaders readers;
  ObjectStore store;
};

}  // namespace obj
