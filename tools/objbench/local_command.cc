// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/local_command.hh"

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <vector>

#include "tools/objbench/build_kind.hh"
#include "tools/objbench/client.hh"
#include "tools/objbench/daemon_binary.hh"
#include "tools/objbench/load_output.hh"
#include "tools/objbench/load_run.hh"
#include "tools/objbench/machine.hh"
#include "tools/objbench/private_daemon.hh"
#include "tools/objbench/temporary_directory.hh"

namespace objbench {
namespace {

constexpr int kFailed = 1;
constexpr int kUsageError = 2;
constexpr uint32_t kGraceS = 300;  // for putting objects before the load, and deleting them
constexpr int kDeathMs = 200;

int fail(int exit_status, const std::string& sentence) {
  fmt::print(stderr, "objbench: {}\n", sentence);
  return exit_status;
}

Outcome<std::string> load_report(const std::string& socket, const LoadSpec& load,
                                 const std::vector<obj_id>& ids) {
  OBJBENCH_TRY(const Client client, Client::open(socket));
  OBJBENCH_TRY(const std::string pages, client.pages());
  OBJBENCH_TRY(const LoadTally tally, run_load(socket, load, ids));
  return json_of(load, tally, pages).dump();
}

Outcome<std::string> private_load_report(const LocalOptions& options, const std::string& directory,
                                         const std::string& objd, const std::vector<obj_id>& ids) {
  const uint64_t memory_bytes =
      options.memory_bytes > 0 ? options.memory_bytes : arena_bytes_for(options.load);
  const auto objects_max = static_cast<uint32_t>(std::max<size_t>(ids.size() * 2, 1 << 16));
  OBJBENCH_TRY(PrivateDaemon daemon, PrivateDaemon::start({.binary = objd,
                                                           .directory = directory,
                                                           .memory_bytes = memory_bytes,
                                                           .objects_max = objects_max}));
  auto report = load_report(daemon.socket(), options.load, ids);
  if (report) return report;
  const std::string obituary = daemon.obituary(kDeathMs);
  return std::unexpected(report.error() + (obituary.empty() ? "" : " (" + obituary + ")"));
}

// A load on a running daemon leaves nothing there, even if it failed or was interrupted.
void delete_all(const std::string& socket, const std::vector<obj_id>& ids) {
  const auto client = Client::open(socket);
  if (!client) return;  // the daemon is gone, and the objects with it
  for (const obj_id& id : ids) {
    if (!remove(*client, id)) return;
  }
}

// On standard error in JSON, whose standard output is the report and nothing else.
void print_machine(const std::string& objd, bool as_json) {
  fmt::print(as_json ? stderr : stdout, "{}\n", machine_text(objd));
}

Outcome<std::string> run(const LocalOptions& options, Supervisor& supervisor) {
  const std::vector<obj_id> ids = random_ids(LoadObjects::of(options.load).count(options.load));
  const uint32_t deadline_s = options.load.seconds + kGraceS;
  if (!options.socket.empty()) {
    print_machine(options.socket, options.as_json);
    auto report =
        supervisor.run([&] { return load_report(options.socket, options.load, ids); }, deadline_s);
    delete_all(options.socket, ids);
    return report;
  }
  OBJBENCH_TRY(const std::string objd, find_daemon_binary(options.objd));
  OBJBENCH_TRY(const auto directory, TemporaryDirectory::create());
  print_machine(objd, options.as_json);
  return supervisor.run([&] { return private_load_report(options, directory.path(), objd, ids); },
                        deadline_s);
}

}  // namespace

int run_local(const LocalOptions& options, Supervisor& supervisor) {
  if (const auto reason = build_refusal()) return fail(kUsageError, *reason);
  const auto report = run(options, supervisor);
  if (!report) return fail(kFailed, report.error());
  if (options.as_json) {
    fmt::print("{}\n", *report);
  } else {
    fmt::print("{}", text_of(nlohmann::ordered_json::parse(*report)));
  }
  return 0;
}

}  // namespace objbench
