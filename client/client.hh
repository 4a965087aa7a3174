// SPDX-License-Identifier: Apache-2.0
// client/client.hh -- one open session: its parts, in the order in which they need each other.
#pragma once

#include <cstdint>
#include <memory>

#include <obj/obj.h>

#include "client/arena_writer.hh"
#include "client/exchange.hh"
#include "client/extent_bounds.hh"
#include "client/fork_guard.hh"
#include "client/last_error.hh"
#include "client/local_reader.hh"
#include "client/open_request.hh"
#include "client/pin_pool.hh"
#include "client/progress.hh"
#include "client/session_link.hh"
#include "client/status_channel.hh"

struct obj_client;

namespace obj::client {

// The calls of obj.h are free functions beside this class (get_calls.hh, put_calls.hh, ...): they
// take a client that is usable().
//
// Threads: any, but construction, destruction and leave_in_child().
class Client {
 public:
  // Connects to the daemon. Statuses as obj_open().
  static OrStatus<std::unique_ptr<obj_client>> open(const OpenRequest& request);
  Client(ForkEpoch epoch, SessionLink link, const OpenRequest& request);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const Liveness& liveness() const { return liveness_; }
  // Why liveness().usable() is false, with its sentence.
  [[nodiscard]] Status why_unusable() const;
  // In a forked child: gives up the child's copies of what fork duplicated, takes no lock (its
  // holder may not exist here), and touches nothing of the parent's. The object is left as it is,
  // unusable.
  void leave_in_child();

  LocalReader& reader() { return reader_; }
  PinPool& pins() { return pins_; }
  Progress& progress() { return progress_; }
  StatusChannel& status_channel() { return status_channel_; }
  const TableView& table() const { return link_.table; }
  std::span<std::byte> arena() const { return link_.arena.bytes(); }
  const session::Layout& layout() const { return link_.layout; }
  bool is_read_only() const { return is_read_only_; }
  // Not 0, and no other client's of this process; in views and buffers.
  uint32_t serial() const { return serial_; }

 protected:
  ~Client() = default;

 private:
  // Fixed after construction.
  Liveness liveness_;
  SessionLink link_;
  bool is_read_only_;
  uint32_t serial_;
  Doorbell doorbell_;

  PinPool pins_;
  LocalReader reader_;
  ArenaWriter writer_;
  Exchange exchange_;
  Progress progress_;
  StatusChannel status_channel_;
};

}  // namespace obj::client

// The handle of obj.h is the client.
struct obj_client final : obj::client::Client {
  using Client::Client;
};
