// SPDX-License-Identifier: Apache-2.0
#include "node/session_line.hh"

#include <sys/socket.h>

#include <cerrno>
#include <span>

#include "base/memory_file.hh"
#include "base/packet.hh"
#include "node/text_file.hh"

namespace obj {

using session::StatusQuery;
using session::StatusReply;

SessionLine::SessionLine(SessionId session, UniqueFd socket, UniqueFd process, int bell,
                         Reactor& reactor, LineEvents& events)
    : session_(session),
      socket_(std::move(socket)),
      process_(std::move(process)),
      reactor_(reactor),
      events_(events),
      socket_watch_(*this, socket_.get(), &SessionLine::on_socket),
      process_watch_(*this, process_.get(), &SessionLine::on_process_end),
      bell_watch_(*this, bell, &SessionLine::on_bell) {}

SessionLine::~SessionLine() { unwatch_all(); }

Result<void> SessionLine::start() {
  for (Watch* watch : {&socket_watch_, &process_watch_, &bell_watch_}) {
    if (watch->fd_ < 0) continue;
    // Nobody reads the bell: that would be one more system call for each time that we are woken.
    const bool is_bell = watch == &bell_watch_;
    const auto watched =
        is_bell ? reactor_.watch_edges(watch->fd_, *watch) : reactor_.watch(watch->fd_, *watch);
    if (!watched) return watched;
    watch->is_watched_ = true;
  }
  return {};
}

void SessionLine::unwatch_all() {
  for (Watch* watch : {&socket_watch_, &process_watch_, &bell_watch_}) {
    if (watch->is_watched_) reactor_.unwatch(watch->fd_, *watch);
    watch->is_watched_ = false;
  }
}

void SessionLine::on_socket() {
  StatusQuery query;
  const ssize_t size = ::recv(socket_.get(), &query, sizeof query, MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return end("closed", false);
  if (size != sizeof query || query.magic != session::kStatusMagic ||
      static_cast<uint32_t>(query.topic) > session::kStatusTopicMax) {
    return end("bad packet on the socket", true);
  }
  events_.on_line_status(session_, query);
}

void SessionLine::on_process_end() { end("process ended", false); }

void SessionLine::on_bell() { events_.on_line_bell(session_); }

void SessionLine::answer_status(const std::string& text) {
  StatusReply reply{session::kStatusMagic, 0, text.size()};
  const auto file = text_file("objd-status", text);
  if (!file) reply = {session::kStatusMagic, static_cast<uint32_t>(file.error().system_errno), 0};
  const int fd = file ? file->get() : -1;
  const std::span<const int> fds(&fd, file ? 1 : 0);
  if (!send_packet(socket_.get(), std::as_bytes(std::span(&reply, 1)), fds)) {
    end("does not read its socket", true);
  }
}

void SessionLine::end(const std::string& reason, bool is_breach) {
  unwatch_all();  // a hung-up socket stays readable until it is closed
  events_.on_line_end(session_, reason, is_breach);
}

}  // namespace obj
