// SPDX-License-Identifier: Apache-2.0
// tools/objdir/main.cc -- the directory as a process: configuration, signals, readiness.
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <iostream>

#include "base/log.hh"
#include "node/directory_host.hh"
#include "tools/daemon/daemon_signals.hh"
#include "tools/daemon/standard_descriptors.hh"
#include "tools/objdir/settings.hh"

namespace obj {
namespace {

int run(const ObjdirCommand& command) {
  if (!log::open(command.log_level, command.log_file)) {
    std::cerr << "objdir: cannot append to log_file '" << command.log_file << "'\n";
    return 1;
  }
  if (command.host.fabric.secret.empty()) {
    log::warn("no_secret", {{"listen", command.host.fabric.listen}, {"mend", "secret_file"}});
  }
  block_daemon_signals();  // UCX starts a thread
  auto host = DirectoryHost::start(command.host);
  if (!host) {
    log::error("start_failed", {{"reason", host.error()}});
    std::cerr << "objdir: " << host.error() << "\n";
    return 1;
  }
  DaemonSignals signals((*host)->reactor(), [&] { (*host)->stop(); },
                        [] { log::info("nothing_to_reload"); });
  if (const auto started = signals.start(); !started) {
    log::error("start_failed", {{"error", started.error()}});
    return 1;
  }
  log::info("ready", {{"listen", (*host)->address()}, {"pid", ::getpid()}});
  ::sd_notify(0, "READY=1");
  (*host)->run();
  ::sd_notify(0, "STOPPING=1");
  log::info("stopped");
  return 0;
}

}  // namespace
}  // namespace obj

int main(int argc, char** argv) {
  obj::fill_standard_descriptors();
  const obj::ObjdirCommand command = obj::read_objdir_command_line(argc, argv);
  switch (command.line.what) {
    case obj::CommandLine::What::kRun: return obj::run(command);
    case obj::CommandLine::What::kPrintConfig:
      std::cout << obj::print_config(command.line.shown);
      return 0;
    case obj::CommandLine::What::kExit: return command.line.exit_code;
  }
}
