// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_output.hh"

#include <fmt/format.h>

namespace objbench {
namespace {

using Json = nlohmann::ordered_json;

std::string time_text(const Json& report, const char* field) {
  const auto time_ns = report[field].get<double>();
  if (time_ns < 1e6) return fmt::format("{:.3g} us", time_ns / 1e3);
  return fmt::format("{:.4g} ms", time_ns / 1e6);
}

// "PROGRAM -t TEST", or only the program where that is the test.
std::string name_of(const Json& test) {
  const auto program = test["program"].get<std::string>();
  const auto name = test["test"].get<std::string>();
  return program.starts_with(name) ? program : program + " -t " + name;
}

// What its test of a whole stream has of ours, and its test of one operation.
std::string line_of(const Json& report, const Json& test) {
  const auto size_bytes = test["size_bytes"].get<uint64_t>();
  if (!test.contains("bytes_per_second")) {
    const double theirs_us = test["p50_us"].get<double>();
    const double ours_us = report["p50_ns"].get<double>() / 1e3;
    return fmt::format("{}: {:.3g} us for one of {} B: our p50 is {:.2f} of that\n", name_of(test),
                       theirs_us, size_bytes, theirs_us > 0 ? ours_us / theirs_us : 0);
  }
  const double ours = report["bytes_per_second"].get<double>();
  const double theirs = test["bytes_per_second"].get<double>();
  return fmt::format("{}: {:.3g} GB/s with {} of {} B in flight: we have {:.2f} of that\n",
                     name_of(test), theirs / 1e9, test["in_flight"].get<uint32_t>(), size_bytes,
                     theirs > 0 ? ours / theirs : 0);
}

std::string comparison_text(const Json& report) {
  std::string text = "\n";
  for (const Json& test : report["comparison"]) text += line_of(report, test);
  return text;
}

}  // namespace

Json json_of(const RemoteSpec& spec, const RemoteTally& tally) {
  const LatencyHistogram& latencies = tally.latencies;
  return {{"size_bytes", spec.size_bytes},
          {"in_flight", spec.in_flight},
          {"sources", spec.sources},
          {"readers", spec.readers},
          {"rounds", tally.rounds},
          {"seconds", tally.seconds},
          {"objects_per_second", tally.objects_per_second()},
          {"bytes_per_second", tally.objects_per_second() * static_cast<double>(spec.size_bytes)},
          {"gets", latencies.count()},
          {"p50_ns", latencies.percentile_ns(0.5)},
          {"p90_ns", latencies.percentile_ns(0.9)},
          {"p99_ns", latencies.percentile_ns(0.99)},
          {"p999_ns", latencies.percentile_ns(0.999)},
          {"max_ns", latencies.max_ns()}};
}

std::string remote_text_of(const Json& report) {
  std::string text = fmt::format(
      "{} B objects, {} source(s), {} reader(s), {} in flight each\n"
      "{:.0f} objects/s, {:.3g} GB/s, {} gets in {:.2f} s\n"
      "p50 {}   p90 {}   p99 {}   p99.9 {}   max {}\n",
      report["size_bytes"].get<uint64_t>(), report["sources"].get<uint32_t>(),
      report["readers"].get<uint32_t>(), report["in_flight"].get<uint32_t>(),
      report["objects_per_second"].get<double>(), report["bytes_per_second"].get<double>() / 1e9,
      report["gets"].get<uint64_t>(), report["seconds"].get<double>(), time_text(report, "p50_ns"),
      time_text(report, "p90_ns"), time_text(report, "p99_ns"), time_text(report, "p999_ns"),
      time_text(report, "max_ns"));
  return report.contains("comparison") ? text + comparison_text(report) : text;
}

}  // namespace objbench
