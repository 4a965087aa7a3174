// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/ib_perftest.hh"

#include <vector>

#include "tools/objbench/paired_program.hh"

namespace objbench {
namespace {

// 4 us x 2^18, 1 s: at its default, 14, slow guests break off reads of 1 MiB at depth.
constexpr const char* kTimeout = "18";

std::vector<std::string> arguments_of(const IbReadSpec& spec, uint16_t port) {
  std::vector<std::string> arguments{"-d", spec.device.name,
                                     "-i", std::to_string(spec.device.port),
                                     "-p", std::to_string(port),
                                     "-s", std::to_string(spec.size_bytes),
                                     "-n", std::to_string(spec.iterations),
                                     "-u", kTimeout,
                                     "-F"};  // says nothing of CPU frequencies
  if (spec.device.gid_index) {
    arguments.emplace_back("-x");
    arguments.push_back(std::to_string(*spec.device.gid_index));
  }
  return arguments;
}

Outcome<std::string> run(const char* program, const IbReadSpec& spec,
                         const std::vector<std::string>& more) {
  OBJBENCH_TRY(const uint16_t port, free_port());
  std::vector<std::string> listener = arguments_of(spec, port);
  listener.insert(listener.end(), more.begin(), more.end());
  std::vector<std::string> connector = listener;
  connector.emplace_back("127.0.0.1");
  return run_pair({.name = program,
                   .package = "perftest",
                   .listener_arguments = std::move(listener),
                   .connector_arguments = std::move(connector)});
}

}  // namespace

Outcome<IbBandwidth> run_ib_read_bw(const IbReadSpec& spec) {
  OBJBENCH_TRY(const std::string text,
               run("ib_read_bw", spec, {"--report_gbits", "-t", std::to_string(spec.depth)}));
  return ib_bandwidth(text);
}

Outcome<double> run_ib_read_lat(const IbReadSpec& spec) {
  OBJBENCH_TRY(const std::string text, run("ib_read_lat", spec, {}));
  return ib_latency_us(text);
}

std::string ib_perftest_version(const std::string& program) {
  const std::string said = first_words_of(program + " --version");  // "Version: 6.06"
  const size_t start = said.find_first_of("0123456789");
  if (start == std::string::npos) return program + " of perftest";
  return program + " of perftest " +
         said.substr(start, said.find_first_not_of("0123456789.", start) - start);
}

}  // namespace objbench
