// SPDX-License-Identifier: Apache-2.0
// bench/base/streaming_copy_bench.cc -- non-temporal copies beside memcpy, to find where they pay.
#include "base/streaming_copy.hh"

#include <cstdint>
#include <cstring>
#include <vector>

#include "bench/release_only.hh"

namespace obj {
namespace {

template <class Copy>
void measure(benchmark::State& state, Copy copy) {
  const auto size_bytes = static_cast<size_t>(state.range(0));
  std::vector<std::byte> source(size_bytes, std::byte{1});
  std::vector<std::byte> destination(size_bytes);
  for (auto _ : state) {
    copy(destination.data(), source.data(), size_bytes);
    benchmark::ClobberMemory();
  }
  if (destination.back() != std::byte{1}) state.SkipWithError("not copied");
  state.SetBytesProcessed(static_cast<int64_t>(size_bytes) * state.iterations());
}

void plain(benchmark::State& state) { measure(state, std::memcpy); }
void streaming(benchmark::State& state) { measure(state, streaming_copy); }

BENCHMARK(plain)->RangeMultiplier(8)->Range(64 << 10, 256 << 20);
BENCHMARK(streaming)->RangeMultiplier(8)->Range(64 << 10, 256 << 20);

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
