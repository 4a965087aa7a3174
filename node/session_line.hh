// SPDX-License-Identifier: Apache-2.0
// node/session_line.hh -- the kernel's part of a session: its socket, its process, its bell.
#pragma once

#include <functional>
#include <string>

#include "base/event_source.hh"
#include "base/reactor.hh"
#include "base/unique_fd.hh"
#include "client/session/hello.hh"
#include "store/object_ref.hh"

namespace obj {

// What a line tells the node.
class LineEvents {
 public:
  virtual ~LineEvents() = default;

  // The session is over: hung up, the process is gone, or (is_breach) nonsense on the socket.
  virtual void on_line_end(SessionId session, const std::string& reason, bool is_breach) = 0;
  // The client rang.
  virtual void on_line_bell(SessionId session) = 0;
  // The client asks for the node's state; SessionLine::answer_status() must follow, now or later.
  virtual void on_line_status(SessionId session, const session::StatusQuery& query) = 0;
};

// Watches the three descriptors of one session.
//
// Lifetime: `reactor`, `events` and the bell must outlive it. It may be destroyed in any of its own
//           callbacks' wake, but not inside them.
// Threads:  the reactor thread.
class SessionLine {
 public:
  SessionLine(SessionId session, UniqueFd socket, UniqueFd process, int bell, Reactor& reactor,
              LineEvents& events);
  ~SessionLine();
  SessionLine(const SessionLine&) = delete;
  SessionLine& operator=(const SessionLine&) = delete;

  // kSystem: one of the descriptors cannot be watched.
  Result<void> start();

  // The JSON text for the query that was asked last. May end the session.
  void answer_status(const std::string& text);

 private:
  // One descriptor's turn, bound to a member function.
  class Watch : public FdHandler {
   public:
    Watch(SessionLine& line, int fd, void (SessionLine::*handler)())
        : line_(line), fd_(fd), handler_(handler) {}
    void on_ready() override { (line_.*handler_)(); }

    SessionLine& line_;
    int fd_;  // -1: there is none
    void (SessionLine::*handler_)();
    bool is_watched_ = false;
  };

  void on_socket();
  void on_process_end();
  void on_bell();
  void end(const std::string& reason, bool is_breach);
  void unwatch_all();

  SessionId session_;
  UniqueFd socket_;
  UniqueFd process_;  // a pidfd, or none where the kernel has none
  Reactor& reactor_;
  LineEvents& events_;
  Watch socket_watch_;
  Watch process_watch_;
  Watch bell_watch_;
};

}  // namespace obj
