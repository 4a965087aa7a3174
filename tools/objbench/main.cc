// SPDX-License-Identifier: Apache-2.0
// tools/objbench/main.cc -- the benchmark program's command line.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tools/objbench/figures_command.hh"
#include "tools/objbench/first_put.hh"
#include "tools/objbench/local_command.hh"
#include "tools/objbench/remote_command.hh"
#include "tools/objbench/supervisor.hh"

namespace objbench {
namespace {

constexpr int kUsageError = 2;

constexpr const char* kExamples =
    "Examples:\n"
    "  objbench figures                                 every figure, each the median of 3 runs\n"
    "  objbench figures local_put_64m --repeat 5 --json one figure, one JSON object a line\n"
    "  objbench figures --list                          names and targets\n"
    "  objbench local --op get --objects 100000 --random\n"
    "  objbench local --op put --size 64K --in-flight 16 --seconds 10\n"
    "  objbench local --op mixed --zipf --processes 2 --socket /run/objd/objd.sock\n"
    "  objbench remote --spawn 3 --sources 2 --size 64M --compare\n"
    "  objbench remote --transport verbs --size 4K --in-flight 1 --compare\n"
    "  objbench remote --socket /run/a.sock --socket /run/b.sock --size 4K --in-flight 64\n";

struct Arguments {
  FiguresOptions figures;
  LocalOptions local;
  RemoteOptions remote;
  std::string op = "get";
  bool is_random = false;
  std::string first_put_socket;
  uint64_t first_put_bytes = 0;
  uint32_t first_put_later = 0;
};

void add_figures(CLI::App& app, FiguresOptions& options) {
  CLI::App* const command = app.add_subcommand(
      "figures",
      "Measure the figures that the project promises, beside yardsticks of the same run");
  command->add_option("NAME", options.names, "figures to measure; none: all");
  command->add_flag("--json", options.as_json, "one JSON object a line; the machine on stderr");
  command->add_option("--repeat", options.repeat, "runs of each figure; the median counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_flag("--list", options.list, "print names and targets, measure nothing");
  command->add_option("--objd", options.objd, "the daemon to measure (default: beside objbench)");
  command->add_option("--rdma-device", options.rdma_device,
                      "DEVICE or DEVICE:PORT of the verbs figures (default: the first that is up)");
}

void add_load(CLI::App& command, Arguments& arguments) {
  LoadSpec& load = arguments.local.load;
  command.add_option("--op", arguments.op, "get, put, delete, or mixed: 9 gets to 1 put")
      ->check(CLI::IsMember({"get", "put", "delete", "mixed"}).description(""))
      ->capture_default_str();
  command.add_option("--size", load.size_bytes, "data of an object: bytes, 64K, 1M (default: 1K)")
      ->transform(CLI::AsSizeValue(false).description(""));
  command.add_option("--metadata", load.metadata_bytes, "metadata of an object (default: 0)")
      ->transform(CLI::AsSizeValue(false).description(""));
  command.add_option("--objects", load.objects, "objects, of all workers together")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command.add_option("--threads", load.threads, "threads of each process")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--processes", load.processes, "processes, each with its own client")
      ->check(CLI::Range(1u, LoadMeeting::kProcessesMax))
      ->capture_default_str();
  command.add_option("--in-flight", load.in_flight, "operations in flight, of each thread")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command.add_option("--seconds", load.seconds, "how long")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
}

CLI::App* add_local(CLI::App& app, Arguments& arguments) {
  CLI::App* const command = app.add_subcommand(
      "local", "Put load of your choice on this node, and see rates and latencies");
  add_load(*command, arguments);
  LocalOptions& options = arguments.local;
  auto* const random = command->add_flag("--random", arguments.is_random, "get in random order");
  command
      ->add_option("--zipf", options.load.zipf_exponent,
                   "get some objects much more often than others; exponent (default: 0.99)")
      ->expected(0, 1)
      ->check(CLI::Range(0.0, 10.0))
      ->excludes(random);
  auto* const socket = command->add_option("--socket", options.socket,
                                           "a running objd (default: start a private one)");
  command
      ->add_option("--memory", options.memory_bytes,
                   "arena of the private objd: bytes, 512M, 4G (default: what the load needs)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->excludes(socket);
  command->add_option("--objd", options.objd, "the daemon to start (default: beside objbench)")
      ->excludes(socket);
  command->add_flag("--json", options.as_json, "the report as one JSON object");
  return command;
}

void add_remote_load(CLI::App& command, RemoteSpec& load) {
  command.add_option("--size", load.size_bytes, "data of an object: bytes, 64K, 1G (default: 1M)")
      ->transform(CLI::AsSizeValue(false).description(""));
  command.add_option("--in-flight", load.in_flight, "gets in flight, of each reader")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command.add_option("--sources", load.sources, "nodes that hold each object")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--readers", load.readers, "nodes that get each object, all at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--seconds", load.seconds, "how long, without what is between rounds")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
}

void add_remote(CLI::App& app, RemoteOptions& options) {
  CLI::App* const command = app.add_subcommand(
      "remote", "Have nodes get objects of other nodes, and see rates and latencies");
  add_remote_load(*command, options.load);
  auto* const sockets =
      command->add_option("--socket", options.sockets, "objd of a running cluster, once for each")
          ->expected(1)
          ->take_all();
  command
      ->add_option("--spawn", options.spawn,
                   "nodes of a private cluster (default: as many as the load needs)")
      ->check(CLI::Range(2, 64))
      ->excludes(sockets);
  command
      ->add_option("--chunk", options.chunk_bytes,
                   "how much one read of the private nodes brings (default: 1M)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->excludes(sockets);
  command
      ->add_option("--memory", options.memory_bytes,
                   "arena of each private node (default: what the load needs)")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->excludes(sockets);
  auto* const transport =
      command
          ->add_option("--transport", options.transport,
                       "data plane of the private nodes: verbs, ucx, auto (default: objd's)")
          ->check(CLI::IsMember({"verbs", "ucx", "auto"}).description(""))
          ->excludes(sockets);
  command
      ->add_option("--rdma-device", options.rdma_device,
                   "DEVICE or DEVICE:PORT for verbs (default: the first that is up)")
      ->needs(transport);
  command
      ->add_option("--transports", options.transports,
                   "UCX_TLS of the private nodes and of ucx_perftest: tcp or tcp,shm")
      ->capture_default_str();
  command->add_option("--objd", options.objd, "the daemon to start (default: beside objbench)")
      ->excludes(sockets);
  command->add_flag("--compare", options.compare,
                    "run ucx_perftest, too, or perftest for verbs, with the same reads");
  command->add_flag("--json", options.as_json, "the report as one JSON object");
}

// For objbench itself, in a fresh process. See first_put.hh.
CLI::App* add_first_put(CLI::App& app, Arguments& arguments) {
  CLI::App* const command = app.add_subcommand(kFirstPutCommand)->group("");
  command->add_option("socket", arguments.first_put_socket)->required();
  command->add_option("size_bytes", arguments.first_put_bytes)->required();
  command->add_option("later_puts", arguments.first_put_later)->required();
  return command;
}

int run_first_put(const Arguments& arguments) {
  const auto result = time_first_put(arguments.first_put_socket, arguments.first_put_bytes,
                                     arguments.first_put_later);
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().c_str());
    return 1;
  }
  std::printf("%s\n", nlohmann::json(*result).dump().c_str());
  return 0;
}

LoadOp op_of(const std::string& name) {
  if (name == "put") return LoadOp::kPut;
  if (name == "delete") return LoadOp::kDelete;
  return name == "mixed" ? LoadOp::kMixed : LoadOp::kGet;
}

// The exit status, and the signal that ended it, if one did.
struct End {
  int status;
  std::optional<int> signal;
};

int run_command(const CLI::App& command, const Arguments& arguments, Supervisor& supervisor) {
  if (command.get_name() == "figures") return run_figures(arguments.figures, supervisor);
  if (command.get_name() == "remote") return run_remote(arguments.remote, supervisor);
  return run_local(arguments.local, supervisor);
}

End run_supervised(const CLI::App& command, const Arguments& arguments) {
  Supervisor supervisor;
  const int status = run_command(command, arguments, supervisor);
  return {status, supervisor.interrupted_by()};
}

int run(int argc, char** argv) {
  CLI::App app("objbench measures what objd and its client library can do on this machine.");
  app.set_version_flag("--version", "objbench " OBJBENCH_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  Arguments arguments;
  add_figures(app, arguments.figures);
  const CLI::App* const local = add_local(app, arguments);
  add_remote(app, arguments.remote);
  const CLI::App* const first_put = add_first_put(app, arguments);
  try {  // CLI11 reports by throwing; that ends here
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageError;
  }
  if (first_put->parsed()) return run_first_put(arguments);
  arguments.local.load.op = op_of(arguments.op);
  if (arguments.is_random) arguments.local.load.pattern = Pattern::kRandom;
  if (local->count("--zipf") > 0) arguments.local.load.pattern = Pattern::kZipf;
  const End end = run_supervised(*app.get_subcommands().front(), arguments);
  if (end.signal) {  // so that a shell sees why it ended
    std::fflush(nullptr);
    ::signal(*end.signal, SIG_DFL);
    ::raise(*end.signal);
  }
  return end.status;
}

}  // namespace
}  // namespace objbench

int main(int argc, char** argv) { return objbench::run(argc, argv); }
