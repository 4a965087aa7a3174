// SPDX-License-Identifier: Apache-2.0
// tools/objd/main.cc -- the daemon: configuration, signals, readiness; node/ does the work.
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <iostream>

#include "base/log.hh"
#include "node/node.hh"
#include "tools/daemon/daemon_signals.hh"
#include "tools/daemon/standard_descriptors.hh"
#include "tools/objd/reload.hh"
#include "tools/objd/settings.hh"

namespace obj {
namespace {

int run(const ObjdCommand& command, int argc, char** argv) {
  if (!log::open(command.log_level, command.log_file)) {
    std::cerr << "objd: cannot append to log_file '" << command.log_file << "'\n";
    return 1;
  }
  block_daemon_signals();  // UCX starts a thread
  auto node = Node::start(command.node);
  if (!node) {
    log::error("start_failed", {{"reason", node.error()}});
    std::cerr << "objd: " << node.error() << "\n";
    return 1;
  }
  DaemonSignals signals((*node)->reactor(), [&] { (*node)->stop(); },
                        [&] { reload(read_command_line(argc, argv), **node); });
  if (const auto started = signals.start(); !started) {
    log::error("start_failed", {{"error", started.error()}});
    return 1;
  }
  log::info("ready", {{"socket", command.node.socket_path}, {"pid", ::getpid()}});
  ::sd_notify(0, "READY=1");
  (*node)->run();
  ::sd_notify(0, "STOPPING=1");
  log::info("stopped");
  return 0;
}

}  // namespace
}  // namespace obj

int main(int argc, char** argv) {
  obj::fill_standard_descriptors();
  const obj::ObjdCommand command = obj::read_command_line(argc, argv);
  switch (command.what) {
    case obj::ObjdCommand::What::kRun: return obj::run(command, argc, argv);
    case obj::ObjdCommand::What::kPrintConfig:
      std::cout << obj::print_config(command.node.shown);
      return 0;
    case obj::ObjdCommand::What::kExit: return command.exit_code;
  }
}
