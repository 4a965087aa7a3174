// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/load_output.hh"

#include <fmt/format.h>

namespace objbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOpNames[] = {"get", "put", "delete", "mixed"};  // by LoadOp
constexpr const char* kTimedNames[] = {"get", "put", "delete"};        // by TimedOp
constexpr const char* kPatternNames[] = {"sequential", "random", "zipf"};

Json json_of(const char* name, const LatencyHistogram& latencies) {
  return {{"op", name},
          {"count", latencies.count()},
          {"p50_ns", latencies.percentile_ns(0.5)},
          {"p90_ns", latencies.percentile_ns(0.9)},
          {"p99_ns", latencies.percentile_ns(0.99)},
          {"p999_ns", latencies.percentile_ns(0.999)},
          {"max_ns", latencies.max_ns()}};
}

// "85 ns", "12.3 us", "4.56 ms".
std::string time_text(uint64_t time_ns) {
  const auto value = static_cast<double>(time_ns);
  if (time_ns < 1000) return fmt::format("{} ns", time_ns);
  if (time_ns < 1'000'000) return fmt::format("{:.3g} us", value / 1e3);
  if (time_ns < 1'000'000'000) return fmt::format("{:.3g} ms", value / 1e6);
  return fmt::format("{:.3g} s", value / 1e9);
}

std::string line_of(const Json& op) {
  const auto time = [&op](const char* field) { return time_text(op[field].get<uint64_t>()); };
  return fmt::format("{:<8} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
                     op["op"].get<std::string>(), op["count"].get<uint64_t>(), time("p50_ns"),
                     time("p90_ns"), time("p99_ns"), time("p999_ns"), time("max_ns"));
}

}  // namespace

Json json_of(const LoadSpec& spec, const LoadTally& tally, const std::string& pages) {
  Json latencies = Json::array();
  for (size_t op = 0; op < kTimedOps; op++) {
    if (tally.latencies[op].count() == 0) continue;
    latencies.push_back(json_of(kTimedNames[op], tally.latencies[op]));
  }
  const double bytes = static_cast<double>(spec.size_bytes + spec.metadata_bytes);
  return {{"op", kOpNames[static_cast<size_t>(spec.op)]},
          {"size_bytes", spec.size_bytes},
          {"metadata_bytes", spec.metadata_bytes},
          {"objects", spec.objects},
          {"processes", spec.processes},
          {"threads", spec.threads},
          {"in_flight", spec.in_flight},
          {"order", kPatternNames[static_cast<size_t>(spec.pattern)]},
          {"pages", pages},
          {"operations_per_second", tally.operations_per_second},
          {"bytes_per_second", tally.operations_per_second * bytes},
          {"latencies", latencies}};
}

std::string text_of(const Json& report) {
  std::string text = fmt::format(
      "{} of {} B + {} B metadata, {} objects, {} process(es) x {} thread(s), {} in flight, {} "
      "order, arena {}\n",
      report["op"].get<std::string>(), report["size_bytes"].get<uint64_t>(),
      report["metadata_bytes"].get<uint64_t>(), report["objects"].get<uint64_t>(),
      report["processes"].get<uint32_t>(), report["threads"].get<uint32_t>(),
      report["in_flight"].get<uint32_t>(), report["order"].get<std::string>(),
      report["pages"].get<std::string>());
  text += fmt::format("{:.0f} operations/s, {:.3g} GB/s\n\n",
                      report["operations_per_second"].get<double>(),
                      report["bytes_per_second"].get<double>() / 1e9);
  text += fmt::format("{:<8} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "", "count", "p50",
                      "p90", "p99", "p99.9", "max");
  for (const Json& op : report["latencies"]) text += line_of(op);
  return text;
}

}  // namespace objbench
