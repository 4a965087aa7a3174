// SPDX-License-Identifier: Apache-2.0
// tools/objbench/large_pull_figures.cc -- ucx_*_pull_*: large objects of another node at the speed
// of the transport.
#include <fmt/format.h>

#include <algorithm>

#include "tools/objbench/percentiles.hh"
#include "tools/objbench/raw_tcp_stream.hh"
#include "tools/objbench/remote_figures.hh"
#include "tools/objbench/remote_gets.hh"
#include "tools/objbench/remote_stage.hh"
#include "tools/objbench/ucx_perftest.hh"

namespace objbench {
namespace {

constexpr uint64_t k64M = uint64_t{64} << 20;
constexpr uint64_t k1G = uint64_t{1} << 30;
constexpr uint64_t kChunkBytes = 1 << 20;  // objd's default object_chunk_size
constexpr uint32_t kDepth = 16;
constexpr uint64_t kYardstickBytes = uint64_t{1} << 30;  // moved by each run of ucx_perftest
constexpr uint32_t kRawPasses = 5;
constexpr uint32_t k64MPulls = 15;
constexpr uint32_t k1GPulls = 3;

// A figure without its yardstick, which is measured when the nodes are gone and leave it the cores.
Outcome<Measurement> measure_pulls(const Surroundings& surroundings, const std::string& transports,
                                   uint64_t size_bytes, uint32_t count) {
  // The object, one that is being freed while the next is put, and room to spare.
  const RemoteStageOptions options{.memory_bytes = size_bytes * 9 / 4 + k64M,
                                   .transports = transports};
  return on_remote_stage(
      surroundings, options, [&](const RemoteStage& stage) -> Outcome<Measurement> {
        OBJBENCH_TRY(const auto speeds, pull_speeds(stage, size_bytes, count));
        return Measurement{median(speeds) / 1e9,
                           {},
                           count,
                           fmt::format("gets from {:.2f} to {:.2f}", percentile(speeds, 0) / 1e9,
                                       percentile(speeds, 1) / 1e9)};
      });
}

// GB/s of ucx_perftest with messages of a size.
Outcome<double> perftest_speed(const std::string& test, const std::string& transports,
                               uint64_t size_bytes, uint32_t outstanding) {
  OBJBENCH_TRY(const PerftestResult result,
               run_perftest({.test = test,
                             .size_bytes = size_bytes,
                             .outstanding = outstanding,
                             .iterations = kYardstickBytes / size_bytes,
                             .transports = transports}));
  return result.bytes_per_second / 1e9;
}

// The better of chunks in flight like ours and of large messages, over TCP.
Outcome<double> best_over_tcp(const std::string& test) {
  OBJBENCH_TRY(const double chunks, perftest_speed(test, "tcp", kChunkBytes, kDepth));
  OBJBENCH_TRY(const double large, perftest_speed(test, "tcp", k64M, 1));
  return std::max(chunks, large);
}

Outcome<Measurement> measure_tcp_pull(const Surroundings& surroundings, uint64_t size_bytes,
                                      uint32_t count) {
  OBJBENCH_TRY(Measurement figure, measure_pulls(surroundings, "tcp", size_bytes, count));
  OBJBENCH_TRY(const double get, best_over_tcp("ucp_get"));
  OBJBENCH_TRY(const double messages, best_over_tcp("ucp_am_bw"));
  OBJBENCH_TRY(const double raw, raw_tcp_stream_bytes_per_second(size_bytes, kRawPasses));
  figure.yardstick = std::max({get, messages, raw / 1e9});
  figure.note += fmt::format("; {}: get {:.2f}, active messages {:.2f}; raw TCP {:.2f}",
                             perftest_version(), get, messages, raw / 1e9);
  return figure;
}

}  // namespace

Outcome<Measurement> measure_tcp_pull_64m(const Surroundings& surroundings) {
  return measure_tcp_pull(surroundings, k64M, k64MPulls);
}

Outcome<Measurement> measure_tcp_pull_1g(const Surroundings& surroundings) {
  return measure_tcp_pull(surroundings, k1G, k1GPulls);
}

Outcome<Measurement> measure_shm_pull_64m(const Surroundings& surroundings) {
  // Connections begin on TCP; what they carry then goes through shared memory.
  OBJBENCH_TRY(Measurement figure, measure_pulls(surroundings, "tcp,shm", k64M, k64MPulls));
  // Messages as large as the object: the program reads the same memory again and again, and a chunk
  // of it would stay in the cache, where no object is.
  OBJBENCH_TRY(const double get, perftest_speed("ucp_get", "shm", k64M, 1));
  figure.yardstick = get;
  figure.note += "; " + perftest_version() + ", messages of 64 MiB";
  return figure;
}

}  // namespace objbench
