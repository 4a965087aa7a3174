// SPDX-License-Identifier: Apache-2.0
// bench/store/object_store_bench.cc -- the daemon's share of a put and of a delete.
#include "store/object_store.hh"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "bench/release_only.hh"
#include "bench/store/fixed_pins.hh"
#include "store/object_table.hh"

namespace obj {
namespace {

ObjectId id_of(uint64_t number) {
  ObjectId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}

ObjectRef put(ObjectStore& store, uint64_t number, uint64_t size_bytes) {
  const ObjectRef ref = store.create({id_of(number), size_bytes, 0, 1}).value().ref;
  return store.seal(ref, 1).value().ref;
}

// create, seal and remove one object of 1 KiB beside `objects` others, while readers hold `pins`.
void put_and_remove(benchmark::State& state) {
  const auto objects = static_cast<uint32_t>(state.range(0));
  const auto pins = static_cast<size_t>(state.range(1));
  ObjectTable table = ObjectTable::create({.slot_count = objects + 1}).value();
  FixedPins readers(pins);
  ObjectStore store(table, uint64_t{objects + 1} * 1024, readers);
  for (uint32_t i = 0; i < objects; i++) {
    const ObjectRef ref = put(store, i, 1024);
    if (i < pins) readers.pin(i, ref);
  }
  uint64_t number = objects;
  for (auto _ : state) {
    put(store, number, 1024);
    store.remove(id_of(number++));
  }
}
BENCHMARK(put_and_remove)
    ->ArgNames({"objects", "pins"})
    ->ArgsProduct({{1000, 1'000'000}, {0, 256}});

// Removes all of a million objects, in random order.
void remove_at_random(benchmark::State& state) {
  const auto objects = static_cast<uint32_t>(state.max_iterations);
  ObjectTable table = ObjectTable::create({.slot_count = objects}).value();
  FixedPins readers(256);
  ObjectStore store(table, uint64_t{objects} * 1024, readers);
  std::vector<uint64_t> numbers;
  for (uint32_t i = 0; i < objects; i++) {
    put(store, i, 1024);
    numbers.push_back(i);
  }
  std::ranges::shuffle(numbers, std::mt19937_64(1));
  size_t at = 0;
  for (auto _ : state) store.remove(id_of(numbers[at++]));
}
BENCHMARK(remove_at_random)->Iterations(1'000'000);

// A put into a full store: each needs room that only eviction makes.
void put_into_full_store(benchmark::State& state) {
  const auto objects = static_cast<uint32_t>(state.range(0));
  const auto pins = static_cast<size_t>(state.range(1));
  ObjectTable table = ObjectTable::create({.slot_count = 2 * objects}).value();
  FixedPins readers(pins);
  ObjectStore store(table, uint64_t{objects} * 1024, readers);
  for (uint32_t i = 0; i < objects; i++) {
    const ObjectRef ref = put(store, i, 1024);
    if (i < pins) readers.pin(i, ref);
  }
  uint64_t number = objects;
  for (auto _ : state) put(store, number++, 1024);
}
BENCHMARK(put_into_full_store)
    ->ArgNames({"objects", "pins"})
    ->ArgsProduct({{100'000, 1'000'000}, {0, 256, 16384}});

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
