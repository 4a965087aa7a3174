// SPDX-License-Identifier: Apache-2.0
// node/greeter.hh -- listens on the socket and turns connections into sessions.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/event_source.hh"
#include "base/reactor.hh"
#include "base/unique_fd.hh"
#include "client/session/hello.hh"
#include "node/session.hh"
#include "node/socket_path.hh"

namespace obj {

// The connection behind a session that was just admitted.
struct Arrival {
  UniqueFd socket;
  UniqueFd process;  // pidfd, or none
};

// Says yes or no to a hello that is well-formed. Implemented by the node.
class Doorkeeper {
 public:
  virtual ~Doorkeeper() = default;

  // Fills in `welcome` and returns the descriptors to send with it, in the order of WelcomeFd; or
  // sets welcome.status and welcome.text and returns none.
  virtual std::vector<int> on_hello(const session::Hello& hello, const Peer& peer,
                                    session::Welcome& welcome) = 0;
  // The welcome was sent (or not): the session begins, or its resources are given back.
  virtual void on_welcomed(SessionId session, Arrival arrival) = 0;
  virtual void on_not_welcomed(SessionId session) = 0;
};

// Lifetime: everything passed to create() must outlive it.  Threads: the reactor thread.
// Limits:   kGuestsMax connections that have not said hello yet; the oldest goes first.
class Greeter : public FdHandler {
 public:
  Greeter(ListeningSocket socket, Reactor& reactor, Doorkeeper& doorkeeper);
  ~Greeter() override;

  Result<void> start();
  void on_ready() override;  // somebody connects

  // Closes connections that kept silent for too long.
  void advance(uint64_t now_ns);
  uint64_t next_deadline_ns() const;

 private:
  static constexpr size_t kGuestsMax = 64;
  static constexpr uint64_t kHelloNs = 5'000'000'000;

  // A connection before its hello.
  class Guest : public FdHandler {
   public:
    Guest(Greeter& greeter, UniqueFd socket, uint64_t deadline_ns)
        : greeter_(greeter), socket_(std::move(socket)), deadline_ns_(deadline_ns) {}
    void on_ready() override { greeter_.on_guest(*this); }

    Greeter& greeter_;
    UniqueFd socket_;
    uint64_t deadline_ns_;
  };

  void on_guest(Guest& guest);
  void greet(UniqueFd socket, const session::Hello& hello);
  UniqueFd dismiss(Guest& guest);  // the guest is destroyed

  ListeningSocket socket_;
  Reactor& reactor_;
  Doorkeeper& doorkeeper_;
  std::list<std::unique_ptr<Guest>> guests_;       // oldest first
  std::list<std::unique_ptr<Guest>> gone_guests_;  // until their callback has returned
  bool accept_failed_ = false;                     // logged once per change
};

}  // namespace obj
