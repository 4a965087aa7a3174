// SPDX-License-Identifier: Apache-2.0
// bench/store/extent_allocator_bench.cc -- what an extent costs, in arenas that are cut up or not.
#include "store/extent_allocator.hh"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "bench/release_only.hh"

namespace obj {
namespace {

constexpr uint64_t kCapacity = uint64_t{8} << 30;

// Extents of 1 KiB in a row; every other one is freed, in random order.
class CutUpArena {
 public:
  explicit CutUpArena(size_t holes) : extents_(2 * holes), allocator_(kCapacity) {
    for (Extent& extent : extents_) allocator_.allocate(1024, extent);
    std::vector<Extent*> freed;
    for (size_t i = 0; i < extents_.size(); i++)
      (i % 2 == 0 ? kept_ : freed).push_back(&extents_[i]);
    std::mt19937_64 random(1);
    std::ranges::shuffle(freed, random);
    std::ranges::shuffle(kept_, random);
    for (Extent* const extent : freed) allocator_.free(*extent);
  }
  ~CutUpArena() {
    for (Extent& extent : extents_) {
      if (extent.address_hook.is_linked()) allocator_.free(extent);
    }
  }

  ExtentAllocator& allocator() { return allocator_; }
  Extent& kept(size_t index) { return *kept_[index]; }

 private:
  std::vector<Extent> extents_;
  std::vector<Extent*> kept_;
  ExtentAllocator allocator_;
};

void allocate_and_free(benchmark::State& state) {
  CutUpArena arena(static_cast<size_t>(state.range(0)));
  ExtentAllocator& allocator = arena.allocator();
  const auto size_bytes = static_cast<uint64_t>(state.range(1));
  Extent extent;
  for (auto _ : state) {
    allocator.allocate(size_bytes, extent);
    allocator.free(extent);
  }
  state.counters["free_extents"] = static_cast<double>(allocator.free_extents());
}
BENCHMARK(allocate_and_free)
    ->ArgNames({"holes", "size"})
    ->ArgsProduct({{0, 1000, 1'000'000}, {1024, 4096, 1 << 20}});

// Frees 1 KiB extents at random places, each of which joins two holes.
void free_between_holes(benchmark::State& state) {
  CutUpArena arena(static_cast<size_t>(state.max_iterations));
  size_t at = 0;
  for (auto _ : state) arena.allocator().free(arena.kept(at++));
}
BENCHMARK(free_between_holes)->Iterations(1000);
BENCHMARK(free_between_holes)->Iterations(1'000'000);

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
