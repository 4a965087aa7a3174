// SPDX-License-Identifier: Apache-2.0
// bench/store/eviction_bench.cc -- 100,000 objects of 1 KiB make room for one large object.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "bench/release_only.hh"
#include "bench/store/fixed_pins.hh"
#include "store/object_store.hh"
#include "store/object_table.hh"

namespace obj {
namespace {

constexpr uint32_t kVictims = 100'000;

ObjectId id_of(uint64_t number) {
  ObjectId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}

// CPU time of this thread: what remains comparable on a machine that others use too.
double cpu_seconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// `objects` of 1 KiB fill the arena. Their order of use is the order of their addresses, or random;
// then one object of the size of 100,000 is created.
void evict_for_large_object(benchmark::State& state) {
  const auto objects = static_cast<uint32_t>(state.range(0));
  const bool is_random = state.range(1) != 0;
  const auto pins = static_cast<size_t>(state.range(2));
  uint64_t evicted = 0;
  double seconds_total = 0;
  double cpu_seconds_total = 0;
  for (auto _ : state) {
    ObjectTable table = ObjectTable::create({.slot_count = objects + 1}).value();
    FixedPins readers(pins);
    ObjectStore store(table, uint64_t{objects} * 1024, readers);
    for (uint32_t i = 0; i < objects; i++) {
      const ObjectRef ref = store.create({id_of(i), 1024, 0, 1}).value().ref;
      store.seal(ref, 1).value();
      // The pinned ones lie together at the far end.
      if (i >= objects - pins) readers.pin(i - (objects - pins), ref);
    }
    if (is_random) {
      std::vector<uint32_t> order(objects);
      std::iota(order.begin(), order.end(), 0u);
      std::ranges::shuffle(order, std::mt19937_64(1));
      for (const uint32_t i : order) store.find_sealed(id_of(i));
    }
    const double cpu_start = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    const auto created = store.create({id_of(objects), uint64_t{kVictims} * 1024, 0, 1});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    cpu_seconds_total += cpu_seconds() - cpu_start;
    if (!created) return state.SkipWithError("it did not fit");
    state.SetIterationTime(took.count());
    seconds_total += took.count();
    evicted += store.counters().evicted.objects;
  }
  state.counters["evicted"] =
      static_cast<double>(evicted) / static_cast<double>(state.iterations());
  state.counters["ns_per_victim"] = seconds_total * 1e9 / static_cast<double>(evicted);
  state.counters["cpu_ns_per_victim"] = cpu_seconds_total * 1e9 / static_cast<double>(evicted);
}
BENCHMARK(evict_for_large_object)
    ->ArgNames({"objects", "random", "pins"})
    ->ArgsProduct({{100'000, 1'000'000}, {0, 1}, {0}})
    ->Args({1'000'000, 0, 16384})
    ->Args({1'000'000, 1, 16384})
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
