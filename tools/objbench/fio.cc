// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/fio.hh"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/unique_fd.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/paired_program.hh"

namespace objbench {
namespace {

constexpr int kRunMs = 120'000;

struct Memory {
  const char* argument;
  const char* text;
};
constexpr std::array<Memory, 2> kMemories = {
    {{"--mem=shmhuge", "huge pages"}, {"--mem=malloc", "its own pages"}}};

std::vector<std::string> arguments_of(const FioSpec& spec, const Memory& memory,
                                      const std::string& report) {
  std::vector<std::string> arguments = {
      "--name=yardstick",
      "--thread",  // one process, which ends with this one
      "--filename=" + spec.directory + "/fio.bytes",
      "--ioengine=io_uring",
      "--direct=1",
      "--fixedbufs",
      "--registerfiles",
      "--hugepage-size=2m",
      memory.argument,
      "--rw=" + spec.mode,
      fmt::format("--bs={}", spec.block_bytes),
      fmt::format("--iodepth={}", spec.depth),
      fmt::format("--size={}", spec.file_bytes),
      fmt::format("--io_size={}", spec.moved_bytes),
      "--output-format=json",
      "--output=" + report,
  };
  // --overwrite: the file is laid out before the clock starts.
  if (spec.mode == "write") arguments.insert(arguments.end(), {"--overwrite=1", "--end_fsync=1"});
  return arguments;
}

// fio writes its complaints, a line each, before the JSON.
Outcome<FioResult> result_of(const std::string& report, const FioSpec& spec) {
  std::ifstream file(report);
  std::string text(std::istreambuf_iterator<char>(file), {});
  text.erase(0, std::min(text.find('{'), text.size()));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const nlohmann::json::json_pointer side(spec.mode == "write" ? "/jobs/0/write" : "/jobs/0/read");
  if (!json.is_object() || !json.contains(side)) return std::unexpected("fio: no report");
  const nlohmann::json& rates = json[side];
  FioResult result{rates.value("bw_bytes", 0.0), rates.value("iops", 0.0),
                   json.value("fio version", "fio"), ""};
  if (result.bytes_per_second <= 0) return std::unexpected("fio: moved nothing");
  return result;
}

Outcome<FioResult> run_with(const Memory& memory, const std::string& path, const FioSpec& spec) {
  const std::string report = spec.directory + "/fio.json";
  const std::string words = spec.directory + "/fio.log";
  const obj::UniqueFd output(::open(words.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (output.get() < 0) return system_failure("open " + words);
  OBJBENCH_TRY(ChildProcess fio,
               ChildProcess::execute({.path = path,
                                      .arguments = arguments_of(spec, memory, report),
                                      .environment = {},
                                      .output = output.get(),
                                      .error = output.get()}));
  if (const auto joined = fio.join(kRunMs); !joined) {
    std::string first;
    std::ifstream said(words);
    std::getline(said, first);
    return std::unexpected("fio: " + joined.error() + (first.empty() ? "" : ": " + first));
  }
  OBJBENCH_TRY(FioResult result, result_of(report, spec));
  result.memory = memory.text;
  return result;
}

}  // namespace

Outcome<FioResult> run_fio(const FioSpec& spec) {
  OBJBENCH_TRY(const std::string path, find_program("fio", "fio"));
  Outcome<FioResult> best = std::unexpected(std::string("fio was not run"));
  for (const Memory& memory : kMemories) {
    auto result = run_with(memory, path, spec);
    if (!result) {
      if (!best) best = std::move(result);
      continue;  // there may be no free huge pages
    }
    if (!best || best->bytes_per_second < result->bytes_per_second) best = std::move(result);
  }
  return best;
}

}  // namespace objbench
