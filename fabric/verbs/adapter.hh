// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/adapter.hh -- seam: one port of one RDMA device, as far as reads need it.
//
// IbvAdapter is the real one. Tests have one that copies memory and fails when it is told to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/reactor.hh"
#include "base/result.hh"
#include "fabric/verbs/gid.hh"
#include "fabric/verbs/memory_layout.hh"

namespace obj::verbs {

// What one end of a queue pair must know of the other.
struct QueueAddress {
  Gid gid{};
  GidKind kind = GidKind::kInfiniband;
  uint16_t lid = 0;  // InfiniBand only
  uint32_t queue_number = 0;
  uint32_t packet_number = 0;  // of the first packet that it sends
  uint32_t mtu_bytes = 0;
  uint8_t reads_max = 0;  // that it can have under way (the reader) or serve (the owner) at once

  friend bool operator==(const QueueAddress&, const QueueAddress&) = default;
};

// One READ. Completions come in the order of posting, and a signalled one stands for all before it.
struct ReadWork {
  uint64_t tag = 0;
  uint64_t remote_address = 0;
  uint32_t key = 0;
  uint32_t size_bytes = 0;
  std::byte* local = nullptr;  // in the arena or the scratch memory of the adapter
  bool is_signalled = false;
};

// The end of a queue pair that reads. Grants its partner nothing.
//
// Memory: what was posted is being written until its completion was polled, or until this is
// destroyed: the destructor returns when the device writes no more.
class ReadingQueue {
 public:
  virtual ~ReadingQueue() = default;

  virtual QueueAddress address() const = 0;
  // Once. Afterwards posts are carried out.
  virtual Result<void> connect(const QueueAddress& partner) = 0;
  // All of them, with one doorbell. After an error nothing is known of any of them: destroy the
  // queue. REQUIRES: connected; no more than works_max without a polled completion.
  virtual Result<void> post(std::span<const ReadWork> works) = 0;
};

// The end that is read from: by this partner alone, and only what is registered. Needs no CPU.
class ServingQueue {
 public:
  virtual ~ServingQueue() = default;
  virtual QueueAddress address() const = 0;
};

struct AdapterFacts {
  std::string name;            // "rxe0:1"
  std::vector<GidEntry> gids;  // best first, one of each kind; not empty
  uint64_t bits_per_s = 0;
  uint32_t works_max = 0;       // of one queue
  uint32_t read_bytes_max = 0;  // of one work
};

class AdapterEvents {
 public:
  virtual ~AdapterEvents() = default;

  // From the adapter's progress(). An error ends the queue: nothing posted to it later is done.
  virtual void on_work_done(uint64_t tag, const Result<void>& result) = 0;
  // The device is gone, or broken for good. All its queues must be destroyed, now or soon; then
  // close().
  virtual void on_lost(const Error& why) = 0;
};

// Threads:  the reactor thread.
// Lifetime: destroyed after its queues.
class Adapter {
 public:
  virtual ~Adapter() = default;

  virtual const AdapterFacts& facts() const = 0;
  // Ours, as this adapter lets others read it.
  virtual const NodeMemory& memory() const = 0;

  // `gid`: one of facts().gids. kLimit: the device has no more queues.
  virtual Result<std::unique_ptr<ReadingQueue>> make_reading(const GidEntry& gid) = 0;
  virtual Result<std::unique_ptr<ServingQueue>> make_serving(const GidEntry& gid,
                                                             const QueueAddress& partner) = 0;

  // The kernel has the device still. Drivers that can take a device from its users say so by
  // on_lost(); others (soft-RoCE) wait for the users to let go, and whoever removes it waits too.
  virtual bool is_present() const = 0;

  // Once: from now on the reactor, which outlives it, drives it and wakes for its events.
  virtual Result<void> add_to(Reactor& reactor) = 0;
  // After on_lost(), when all queues are destroyed: gives the device back, so that it can be
  // removed. What stays is an empty shell, which makes no more queues.
  virtual void close() = 0;
};

}  // namespace obj::verbs
