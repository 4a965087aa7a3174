// SPDX-License-Identifier: Apache-2.0
// node/same_host/memory_door.hh -- the owner's side: hands our memory, read-only, to daemons that
// were given a key.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <list>
#include <unordered_map>

#include "base/event_source.hh"
#include "base/reactor.hh"
#include "base/result.hh"
#include "base/unique_fd.hh"
#include "fabric/message_transport.hh"
#include "node/same_host/same_host_wire.hh"

namespace obj {

// What is handed over. The descriptors stay the giver's, and must not allow writing.
struct OwnMemory {
  int control_file = -1;
  int arena_file = -1;
  uint64_t incarnation = 0;
};

// Listens on an abstract socket of a random name. Who connects must be of our user or root, and say
// a key that was made for a connection that is still up. Its socket stays open: each side learns by
// it that the other is gone, and the reader then unmaps our memory.
//
// Threads:  the reactor thread.
// Lifetime: the reactor and the descriptors outlive it.
// Limits:   kVisitorsMax daemons; one that does not say its key within kKnockNs is shown out.
class MemoryDoor {
 public:
  MemoryDoor(const OwnMemory& memory, Reactor& reactor) : memory_(memory), reactor_(reactor) {}
  ~MemoryDoor();
  MemoryDoor(const MemoryDoor&) = delete;
  MemoryDoor& operator=(const MemoryDoor&) = delete;

  Result<void> open();
  const same_host::SocketName& name() const { return name_; }

  // A key for whoever is at the other end of this connection, in place of an earlier one.
  const same_host::Key& make_key(PeerId peer);
  // The connection is down: its key is void.
  void void_key(PeerId peer) { keys_.erase(peer); }

  // Time passed. Needed at next_step_ns(), harmless at any time.
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;
  size_t readers() const;

 private:
  static constexpr size_t kVisitorsMax = 256;
  static constexpr uint64_t kKnockNs = 2'000'000'000;

  class Listener final : public FdHandler {
   public:
    explicit Listener(MemoryDoor& door) : door_(door) {}
    void on_ready() override { door_.on_visitors(); }

   private:
    MemoryDoor& door_;
  };
  class Visitor final : public FdHandler {
   public:
    Visitor(MemoryDoor& door, UniqueFd socket) : door_(door), socket_(std::move(socket)) {}
    void on_ready() override { door_.on_visitor(*this); }

    MemoryDoor& door_;
    UniqueFd socket_;
    uint64_t until_ns_ = 0;   // for its key; 0: from the next step on
    bool is_reader_ = false;  // was given the memory
    bool is_gone_ = false;    // freed in the next step
  };

  void on_visitors();
  void on_visitor(Visitor& visitor);
  bool grant(const Visitor& visitor);
  bool take_key(const same_host::Key& key);
  void show_out(Visitor& visitor);

  // Fixed after open().
  OwnMemory memory_;
  Reactor& reactor_;
  same_host::SocketName name_{};
  UniqueFd socket_{-1};

  Listener listener_{*this};
  std::unordered_map<PeerId, same_host::Key> keys_;
  std::list<Visitor> visitors_;
};

// Whether the process at the other end of this Unix socket runs as our user or root.
bool is_of_our_user(int socket);

}  // namespace obj
