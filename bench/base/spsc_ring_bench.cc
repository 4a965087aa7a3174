// SPDX-License-Identifier: Apache-2.0
// bench/base/spsc_ring_bench.cc -- what a ring of 64-byte entries carries between two threads.
//
// Depth 1 is a round trip; more in flight shows what the ring itself costs. Both threads spin, so
// it needs two free cores.
#include "base/spsc_ring.hh"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "base/cpu_relax.hh"
#include "bench/release_only.hh"

namespace obj {
namespace {

struct Entry {
  uint64_t words[8];
};

constexpr size_t kCapacity = 512;

// A ring each way, as a session has.
struct Pair {
  RingPositions out{}, back{};
  std::array<Entry, kCapacity> out_entries{}, back_entries{};
};

// Sends back whatever comes, until told to stop.
void echo(Pair& pair, const std::atomic<bool>& is_over) {
  RingConsumer<Entry> in(pair.out, pair.out_entries);
  RingProducer<Entry> out(pair.back, pair.back_entries);
  while (!is_over.load(std::memory_order_relaxed)) {
    const uint32_t count = in.available().value();
    if (count == 0) {
      cpu_relax();
      continue;
    }
    for (uint32_t i = 0; i < count; i++) out.push(in.take());
    in.publish();
    out.publish();
  }
}

void round_trips(benchmark::State& state) {
  const auto depth = static_cast<uint32_t>(state.range(0));
  const auto pair = std::make_unique<Pair>();
  std::atomic<bool> is_over{false};
  std::thread peer(echo, std::ref(*pair), std::cref(is_over));
  RingProducer<Entry> out(pair->out, pair->out_entries);
  RingConsumer<Entry> in(pair->back, pair->back_entries);
  uint64_t sum = 0;
  for (auto _ : state) {
    for (uint32_t i = 0; i < depth; i++) out.push({{i}});
    out.publish();
    for (uint32_t left = depth; left > 0;) {
      const uint32_t count = in.available().value();
      if (count == 0) cpu_relax();
      for (uint32_t i = 0; i < count; i++) sum += in.take().words[0];
      if (count > 0) in.publish();
      left -= count;
    }
  }
  is_over = true;
  peer.join();
  const auto batches = static_cast<uint64_t>(state.iterations());
  if (sum != batches * (uint64_t{depth} * (depth - 1) / 2))
    state.SkipWithError("entries were lost");
  state.SetItemsProcessed(static_cast<int64_t>(batches * depth));
}
BENCHMARK(round_trips)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

// One thread alone: the instructions without the cache misses.
void push_and_take(benchmark::State& state) {
  RingPositions positions{};
  std::array<Entry, kCapacity> entries{};
  RingProducer<Entry> out(positions, entries);
  RingConsumer<Entry> in(positions, entries);
  for (auto _ : state) {
    if (out.room().value() == 0) state.SkipWithError("full");
    out.push({{1}});
    out.publish();
    if (in.available().value() != 1) state.SkipWithError("empty");
    benchmark::DoNotOptimize(in.take());
    in.publish();
  }
}
BENCHMARK(push_and_take);

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
