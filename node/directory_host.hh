// SPDX-License-Identifier: Apache-2.0
// node/directory_host.hh -- a directory with its network and its loop: the whole of objdir, and
// what an objd embeds.
#pragma once

#include <cstdint>
#include <expected>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/reactor.hh"
#include "base/unique_fd.hh"
#include "directory/directory_server.hh"
#include "fabric/ucx/ucx_fabric.hh"

namespace obj {

struct DirectoryHostOptions {
  UcxFabricOptions fabric;  // listen must be given
  directory::DirectoryOptions directory;
  uint32_t poll_us = 50;
};

// Threads: start(), run() and the destructor on one thread, as UCX demands; request_stop() from
// any.
class DirectoryHost {
 public:
  // Listens: nodes can connect, and are answered from run() on. On failure: a sentence with cause
  // and mend.
  static std::expected<std::unique_ptr<DirectoryHost>, std::string> start(
      const DirectoryHostOptions& options);
  ~DirectoryHost();

  // Serves until stop() or request_stop().
  void run();
  void stop() { is_stopping_ = true; }
  void request_stop();

  Reactor& reactor() { return reactor_; }
  // "host:port", with the real port.
  const std::string& address() const { return fabric_->listen_address(); }
  const directory::DirectoryState& state() const { return server_.state(); }

 private:
  // Wakes the reactor from another thread.
  class StopBell : public FdHandler {
   public:
    explicit StopBell(DirectoryHost& host);
    void on_ready() override;

    DirectoryHost& host_;
    UniqueFd event_;
  };

  DirectoryHost(const DirectoryHostOptions& options, Reactor reactor,
                std::unique_ptr<UcxFabric> fabric);
  int sleep_ms_max(uint64_t now_ns) const;

  // In the order of construction: the reactor polls the fabric, and the server hears of its peers.
  std::unique_ptr<UcxFabric> fabric_;
  directory::DirectoryServer server_;
  Reactor reactor_;
  StopBell stop_bell_;
  bool is_stopping_ = false;
};

// A directory on a thread of its own, so that its load does not delay the clients of this node.
class DirectoryThread {
 public:
  static std::expected<std::unique_ptr<DirectoryThread>, std::string> start(
      const DirectoryHostOptions& options);
  // Ends the directory, and waits for it.
  ~DirectoryThread();

  const std::string& address() const { return address_; }

 private:
  using Started = std::expected<DirectoryHost*, std::string>;

  DirectoryThread() = default;
  Started launch(const DirectoryHostOptions& options);
  void serve(const DirectoryHostOptions& options, std::promise<Started> started);

  std::string address_;
  DirectoryHost* host_ = nullptr;  // the thread's; alive until may_end_
  std::promise<void> may_end_;
  std::thread thread_;
};

}  // namespace obj
