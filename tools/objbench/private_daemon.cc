// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/private_daemon.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <fstream>

#include "base/unique_fd.hh"
#include "tools/objbench/machine.hh"
#include "tools/objbench/readiness.hh"

namespace objbench {
namespace {

// Populating gigabytes of 4 KiB pages takes seconds.
constexpr int kReadyMs = 60'000;
constexpr int kStopMs = 10'000;

std::string log_path(const std::string& directory) { return directory + "/objd.log"; }
std::string socket_path(const std::string& directory) { return directory + "/objd.sock"; }

std::string last_line(const std::string& path) {
  std::ifstream file(path);
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

ChildProcess::Program program_of(const PrivateDaemon::Options& options) {
  ChildProcess::Program program{
      .path = options.binary,
      // An empty configuration file, so that the machine's own does not count.
      .arguments = {"--config", "/dev/null", "--socket", socket_path(options.directory),
                    "--object-store-memory", std::to_string(options.memory_bytes), "--objects-max",
                    std::to_string(options.objects_max), "--huge-pages", "2M",
                    "--huge-pages-reserve", "true"},
      .environment = options.environment};
  program.arguments.insert(program.arguments.end(), options.arguments.begin(),
                           options.arguments.end());
  return program;
}

std::string with_last_words(const std::string& fate, const std::string& log) {
  const std::string words = last_line(log);
  return words.empty() ? fate : fate + ": " + words;
}

Outcome<void> require_memory(uint64_t size_bytes) {
  const uint64_t available_bytes = available_memory_bytes();
  if (available_bytes >= size_bytes) return {};
  return std::unexpected(fmt::format("needs {} MiB of memory for the arena, {} MiB are available",
                                     size_bytes >> 20, available_bytes >> 20));
}

}  // namespace

Outcome<PrivateDaemon> PrivateDaemon::start(const Options& options) {
  OBJBENCH_DO(require_memory(options.memory_bytes));
  OBJBENCH_TRY(const Readiness readiness, Readiness::create(options.directory));
  const std::string log = log_path(options.directory);
  const obj::UniqueFd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (output.get() < 0) return system_failure("open " + log);
  ChildProcess::Program program = program_of(options);
  program.environment.push_back(readiness.environment());
  program.output = program.error = output.get();
  OBJBENCH_TRY(ChildProcess process, ChildProcess::execute(program));
  if (const auto ready = readiness.wait(process, kReadyMs); !ready) {
    return std::unexpected(with_last_words(ready.error(), log));
  }
  return PrivateDaemon(options, std::move(process));
}

PrivateDaemon::PrivateDaemon(const Options& options, ChildProcess process)
    : socket_(socket_path(options.directory)),
      log_(log_path(options.directory)),
      process_(std::move(process)) {}

PrivateDaemon::~PrivateDaemon() {
  if (process_.pid() == 0) return;
  process_.signal(SIGTERM);
  process_.wait(kStopMs);  // if that was not enough, ~ChildProcess() kills it
}

std::string PrivateDaemon::obituary(int timeout_ms) {
  if (!process_.wait(timeout_ms)) return "";
  return with_last_words("objd " + process_.fate(), log_);
}

}  // namespace objbench
