// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_command.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "tools/objbench/build_kind.hh"
#include "tools/objbench/daemon_binary.hh"
#include "tools/objbench/machine.hh"
#include "tools/objbench/ib_perftest.hh"
#include "tools/objbench/private_cluster.hh"
#include "tools/objbench/remote_output.hh"
#include "tools/objbench/temporary_directory.hh"
#include "tools/objbench/ucx_perftest.hh"

namespace objbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFailed = 1;
constexpr int kUsageError = 2;
constexpr uint32_t kGraceS = 300;  // for starting nodes, for what is between rounds, for comparing
constexpr uint64_t kDefaultChunkBytes = 1 << 20;
constexpr uint64_t kComparedBytes = uint64_t{1} << 30;
constexpr uint64_t kComparedMax = 100'000;  // iterations, where messages are small
constexpr uint64_t kReadsMax = 5'000;       // of perftest, whose device may be a slow one

int fail(int exit_status, const std::string& sentence) {
  fmt::print(stderr, "objbench: {}\n", sentence);
  return exit_status;
}

uint32_t nodes_needed(const RemoteOptions& options) {
  return options.load.sources + options.load.readers;
}

// Whether there are as many nodes as the load needs.
Outcome<void> check(const RemoteOptions& options) {
  const size_t nodes = options.sockets.empty() ? options.spawn : options.sockets.size();
  const bool is_chosen = !options.sockets.empty() || options.spawn > 0;
  if (!is_chosen || nodes >= nodes_needed(options)) return {};
  return std::unexpected(fmt::format("{} sources and {} readers need {} nodes, not {}",
                                     options.load.sources, options.load.readers,
                                     nodes_needed(options), nodes));
}

bool is_over_verbs(const RemoteOptions& options) { return options.transport == "verbs"; }

// Has the private nodes read over this device and nothing else.
Outcome<void> put_on_rdma_device(PrivateCluster::Options& cluster, const std::string& wanted) {
  OBJBENCH_TRY(const RdmaDevice device, find_rdma_device(wanted));
  cluster.arguments.insert(cluster.arguments.end(), {"--rdma-device", device.text()});
  if (!device.address.empty()) cluster.address = device.address;
  return {};
}

Outcome<PrivateCluster::Options> cluster_options(const RemoteOptions& options,
                                                 const std::string& objd,
                                                 const std::string& directory) {
  PrivateCluster::Options cluster{.binary = objd,
                                  .directory = directory,
                                  .nodes = std::max(options.spawn, nodes_needed(options)),
                                  .memory_bytes = options.memory_bytes > 0
                                                      ? options.memory_bytes
                                                      : arena_bytes_for(options.load),
                                  .transports = options.transports};
  if (options.chunk_bytes > 0) {
    cluster.arguments = {"--object-chunk-size", std::to_string(options.chunk_bytes)};
  }
  if (!options.transport.empty()) {
    cluster.arguments.insert(cluster.arguments.end(), {"--transport", options.transport});
  }
  if (is_over_verbs(options)) OBJBENCH_DO(put_on_rdma_device(cluster, options.rdma_device));
  return cluster;
}

Outcome<std::string> load_report(const RemoteOptions& options,
                                 const std::vector<std::string>& sockets) {
  OBJBENCH_TRY(const RemoteTally tally, run_remote_load(sockets, options.load));
  return json_of(options.load, tally).dump();
}

Outcome<std::string> private_load_report(const RemoteOptions& options, const std::string& objd,
                                         const std::string& directory) {
  OBJBENCH_TRY(const auto cluster, cluster_options(options, objd, directory));
  OBJBENCH_TRY(PrivateCluster nodes, PrivateCluster::start(cluster));
  auto report = load_report(options, nodes.sockets());
  if (report) return report;
  return std::unexpected(nodes.with_obituaries(report.error()));
}

// Messages of a comparison: as large as our reads, and as many in flight.
struct Reads {
  uint64_t size_bytes;
  uint32_t in_flight;
};

Reads reads_of(const RemoteOptions& options) {
  const uint64_t chunk_bytes = options.chunk_bytes > 0 ? options.chunk_bytes : kDefaultChunkBytes;
  const uint64_t chunks = (options.load.size_bytes + chunk_bytes - 1) / chunk_bytes;
  return {std::clamp<uint64_t>(options.load.size_bytes, 1, chunk_bytes),
          static_cast<uint32_t>(std::clamp<uint64_t>(chunks * options.load.in_flight, 1, 64))};
}

// ucx_perftest between two processes.
Outcome<Json> ucx_comparison(const RemoteOptions& options) {
  const auto [size_bytes, in_flight] = reads_of(options);
  Json tests = Json::array();
  for (const char* test : {"ucp_get", "ucp_am_bw"}) {
    OBJBENCH_TRY(const PerftestResult result,
                 run_perftest({.test = test,
                               .size_bytes = size_bytes,
                               .outstanding = in_flight,
                               .iterations = std::min(kComparedBytes / size_bytes, kComparedMax),
                               .transports = options.transports}));
    tests.push_back({{"program", perftest_version()},
                     {"test", test},
                     {"size_bytes", size_bytes},
                     {"in_flight", in_flight},
                     {"bytes_per_second", result.bytes_per_second},
                     {"operations_per_second", result.operations_per_second},
                     {"p50_us", result.latency_us}});
  }
  return tests;
}

// perftest between two processes, on the same device.
Outcome<Json> verbs_comparison(const RemoteOptions& options) {
  OBJBENCH_TRY(const RdmaDevice device, find_rdma_device(options.rdma_device));
  const auto [size_bytes, in_flight] = reads_of(options);
  const IbReadSpec spec{.device = device,
                        .size_bytes = size_bytes,
                        .depth = in_flight,
                        .iterations = std::min(kComparedBytes / size_bytes, kReadsMax)};
  OBJBENCH_TRY(const IbBandwidth reads, run_ib_read_bw(spec));
  Json tests = Json::array({{{"program", ib_perftest_version("ib_read_bw")},
                             {"test", "ib_read_bw"},
                             {"size_bytes", size_bytes},
                             {"in_flight", in_flight},
                             {"bytes_per_second", reads.bytes_per_second},
                             {"operations_per_second", reads.reads_per_second}}});
  // One read at a time tells something of an object that is one read.
  if (size_bytes < options.load.size_bytes) return tests;
  OBJBENCH_TRY(const double read_us, run_ib_read_lat(spec));
  tests.push_back({{"program", ib_perftest_version("ib_read_lat")},
                   {"test", "ib_read_lat"},
                   {"size_bytes", size_bytes},
                   {"in_flight", 1},
                   {"p50_us", read_us}});
  return tests;
}

Outcome<std::string> comparison(const RemoteOptions& options) {
  OBJBENCH_TRY(const Json tests,
               is_over_verbs(options) ? verbs_comparison(options) : ucx_comparison(options));
  return tests.dump();
}

// On standard error in JSON, whose standard output is the report and nothing else.
void print_machine(const std::string& objd, bool as_json) {
  fmt::print(as_json ? stderr : stdout, "{}\n", machine_text(objd));
}

Outcome<std::string> run_load(const RemoteOptions& options, Supervisor& supervisor) {
  const uint32_t deadline_s = options.load.seconds + kGraceS;
  if (!options.sockets.empty()) {
    print_machine(options.sockets.front(), options.as_json);
    return supervisor.run([&] { return load_report(options, options.sockets); }, deadline_s);
  }
  OBJBENCH_TRY(const std::string objd, find_daemon_binary(options.objd));
  OBJBENCH_TRY(const auto directory, TemporaryDirectory::create());
  print_machine(objd, options.as_json);
  return supervisor.run([&] { return private_load_report(options, objd, directory.path()); },
                        deadline_s);
}

Outcome<Json> run(const RemoteOptions& options, Supervisor& supervisor) {
  OBJBENCH_TRY(const std::string text, run_load(options, supervisor));
  Json report = Json::parse(text);
  if (options.chunk_bytes > 0) report["object_chunk_size"] = options.chunk_bytes;
  if (!options.transport.empty()) report["transport"] = options.transport;
  if (options.compare) {
    // When the nodes are gone, and leave it the cores.
    OBJBENCH_TRY(const std::string tests,
                 supervisor.run([&] { return comparison(options); }, kGraceS));
    report["comparison"] = Json::parse(tests);
  }
  return report;
}

}  // namespace

int run_remote(const RemoteOptions& options, Supervisor& supervisor) {
  if (const auto reason = build_refusal()) return fail(kUsageError, *reason);
  if (const auto checked = check(options); !checked) return fail(kUsageError, checked.error());
  const auto report = run(options, supervisor);
  if (!report) return fail(kFailed, report.error());
  fmt::print("{}", options.as_json ? report->dump() + "\n" : remote_text_of(*report));
  return 0;
}

}  // namespace objbench
