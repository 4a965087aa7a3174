// SPDX-License-Identifier: Apache-2.0
// tools/objd/main.cc -- the daemon: configuration, signals, readiness; node/ does the work.
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "base/log.hh"
#include "node/node.hh"
#include "tools/objd/settings.hh"

namespace obj {
namespace {

// SIGTERM and SIGINT as an event of the node's loop.
class Signals : public FdHandler {
 public:
  explicit Signals(Node& node) : node_(node) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::sigaddset(&signals, SIGINT);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    fd_ = UniqueFd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() override {
    if (is_watched_) node_.reactor().unwatch(fd_.get(), *this);
  }

  Result<void> start() {
    const auto watched = node_.reactor().watch(fd_.get(), *this);
    is_watched_ = watched.has_value();
    return watched;
  }

  void on_ready() override {
    signalfd_siginfo signal;
    if (::read(fd_.get(), &signal, sizeof signal) != sizeof signal) return;
    log::info("stopping", {{"signal", signal.ssi_signo}});
    node_.stop();
  }

 private:
  Node& node_;
  UniqueFd fd_{-1};
  bool is_watched_ = false;
};

log::Level level_of(const std::string& text) {
  if (text == "debug") return log::Level::kDebug;
  if (text == "warn") return log::Level::kWarn;
  if (text == "error") return log::Level::kError;
  return log::Level::kInfo;
}

// A daemon started with a closed standard descriptor would otherwise get a socket there, and log
// into it.
void fill_standard_descriptors() {
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return;
    }
    if (fd < 0) return;
  }
}

int run(const ObjdCommand& command) {
  if (!log::open(level_of(command.log_level), command.log_file)) {
    std::cerr << "objd: cannot append to log_file '" << command.log_file << "'\n";
    return 1;
  }
  auto node = Node::start(command.node);
  if (!node) {
    log::error("start_failed", {{"reason", node.error()}});
    std::cerr << "objd: " << node.error() << "\n";
    return 1;
  }
  Signals signals(**node);
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
    case obj::ObjdCommand::What::kRun: return obj::run(command);
    case obj::ObjdCommand::What::kPrintConfig:
      std::cout << obj::print_config(command.node);
      return 0;
    case obj::ObjdCommand::What::kExit: return command.exit_code;
  }
}
