// SPDX-License-Identifier: Apache-2.0
// bench/store/object_table_bench.cc -- looking up an id among many, in random order.
#include "store/object_table.hh"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "bench/release_only.hh"
#include "store/shared/table_view.hh"

namespace obj {
namespace {

ObjectId id_of(uint64_t number) {
  ObjectId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}

// A table of `count` sealed objects, in as many slots.
ObjectTable full_table(uint32_t count) {
  ObjectTable table = ObjectTable::create({.slot_count = count}).value();
  for (uint32_t i = 0; i < count; i++) {
    table.seal(table.add({id_of(i), uint64_t{i} * 64, 64, 0}).slot);
  }
  return table;
}

// `count` ids from `first` on, in random order.
std::vector<ObjectId> shuffled_ids(uint64_t first, uint64_t count) {
  std::vector<ObjectId> ids;
  for (uint64_t i = 0; i < count; i++) ids.push_back(id_of(first + i));
  std::ranges::shuffle(ids, std::mt19937_64(1));
  return ids;
}

template <class Find>
void measure(benchmark::State& state, bool is_hit, Find find) {
  const auto count = static_cast<uint32_t>(state.range(0));
  const ObjectTable table = full_table(count);
  const TableView view = TableView::over(table.segment()).value();
  const std::vector<ObjectId> ids = shuffled_ids(is_hit ? 0 : count, count);
  size_t at = 0;
  uint64_t found = 0;
  for (auto _ : state) {
    found += find(table, view, ids[at]);
    at = at + 1 == ids.size() ? 0 : at + 1;
  }
  const auto expected = is_hit ? static_cast<uint64_t>(state.iterations()) : 0;
  if (found != expected) state.SkipWithError("wrong answers");
}

bool in_table(const ObjectTable& table, const TableView&, const ObjectId& id) {
  return table.find(id).has_value();
}
bool in_view(const ObjectTable&, const TableView& view, const ObjectId& id) {
  return view.find_sealed(id).has_value();
}

BENCHMARK_CAPTURE(measure, daemon_find_hit, true, in_table)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(measure, daemon_find_miss, false, in_table)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(measure, reader_find_hit, true, in_view)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(measure, reader_find_miss, false, in_view)->Arg(10'000)->Arg(1'000'000);

void add_and_release(benchmark::State& state) {
  ObjectTable table = ObjectTable::create({.slot_count = 1'000'000}).value();
  uint64_t number = 0;
  for (auto _ : state) {
    const uint32_t slot = table.add({id_of(number++), 0, 64, 0}).slot;
    table.unlink(slot);
    table.release(slot);
  }
}
BENCHMARK(add_and_release);

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
