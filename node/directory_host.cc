// SPDX-License-Identifier: Apache-2.0
#include "node/directory_host.hh"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <random>

#include "base/clock.hh"
#include "base/log.hh"

namespace obj {
namespace {

// Nobody who can choose ids or incarnations may guess it.
uint64_t secret_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// Another number each time that a directory starts.
uint64_t epoch_now() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

std::string sentence(const std::string& what, const Error& error) {
  std::string text = what + ": " + to_string(error.code) + " (" + error.where;
  if (error.system_errno != 0) text += std::string(": ") + std::strerror(error.system_errno);
  return text + ")";
}

}  // namespace

std::expected<std::unique_ptr<DirectoryHost>, std::string> DirectoryHost::start(
    const DirectoryHostOptions& options) {
  auto fabric = UcxFabric::create(options.fabric);
  if (!fabric) {
    return std::unexpected(
        sentence("cannot listen on '" + options.fabric.listen + "'", fabric.error()) +
        "; give an address of this machine and a free port");
  }
  auto reactor = Reactor::create(uint64_t{options.poll_us} * 1000);
  if (!reactor) return std::unexpected(sentence("reactor", reactor.error()));
  std::unique_ptr<DirectoryHost> host(
      new DirectoryHost(options, std::move(*reactor), std::move(*fabric)));
  const auto added = host->reactor_.add(*host->fabric_);
  if (!added) return std::unexpected(sentence("reactor", added.error()));
  const auto watched = host->reactor_.watch(host->stop_bell_.event_.get(), host->stop_bell_);
  if (!watched) return std::unexpected(sentence("reactor", watched.error()));
  return host;
}

DirectoryHost::DirectoryHost(const DirectoryHostOptions& options, Reactor reactor,
                             std::unique_ptr<UcxFabric> fabric)
    : fabric_(std::move(fabric)),
      server_(fabric_->transport(Service::kDirectory), options.directory, secret_seed(),
              epoch_now(), monotonic_ns()),
      reactor_(std::move(reactor)),
      stop_bell_(*this) {
  fabric_->attach(Service::kDirectory, server_);
}

DirectoryHost::~DirectoryHost() { reactor_.unwatch(stop_bell_.event_.get(), stop_bell_); }

DirectoryHost::StopBell::StopBell(DirectoryHost& host)
    : host_(host), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void DirectoryHost::StopBell::on_ready() {
  uint64_t rings;
  [[maybe_unused]] const ssize_t size = ::read(event_.get(), &rings, sizeof rings);
  host_.stop();
}

void DirectoryHost::request_stop() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_bell_.event_.get(), &one, sizeof one);
}

void DirectoryHost::run() {
  while (!is_stopping_) {
    reactor_.run_once(sleep_ms_max(monotonic_ns()));
    const uint64_t now_ns = monotonic_ns();
    fabric_->step(now_ns);
    server_.step(now_ns);
  }
}

int DirectoryHost::sleep_ms_max(uint64_t now_ns) const {
  const uint64_t deadline_ns = std::min(server_.next_step_ns(), fabric_->next_step_ns());
  if (deadline_ns <= now_ns) return 0;
  constexpr uint64_t kSleepMsMax = 60'000;
  // Rounded up: waking a little late is a little late, waking early would spin.
  return static_cast<int>(std::min((deadline_ns - now_ns + 999'999) / 1'000'000, kSleepMsMax));
}

// ---- on a thread of its own ---------------------------------------------------------------------

std::expected<std::unique_ptr<DirectoryThread>, std::string> DirectoryThread::start(
    const DirectoryHostOptions& options) {
  std::unique_ptr<DirectoryThread> thread(new DirectoryThread());
  const Started started = thread->launch(options);
  if (!started) return std::unexpected(started.error());
  thread->host_ = *started;
  thread->address_ = (*started)->address();
  return thread;
}

// The thread takes no signals: those are the process's main loop's.
DirectoryThread::Started DirectoryThread::launch(const DirectoryHostOptions& options) {
  std::promise<Started> started;
  std::future<Started> outcome = started.get_future();
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, options, promise = std::move(started)]() mutable {
    serve(options, std::move(promise));
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return outcome.get();
}

void DirectoryThread::serve(const DirectoryHostOptions& options, std::promise<Started> started) {
  const auto host = DirectoryHost::start(options);
  if (!host) return started.set_value(std::unexpected(host.error()));
  started.set_value(host->get());
  (*host)->run();
  may_end_.get_future().wait();  // until then our owner may ring
}

DirectoryThread::~DirectoryThread() {
  if (host_ != nullptr) host_->request_stop();
  may_end_.set_value();
  if (thread_.joinable()) thread_.join();
}

}  // namespace obj
