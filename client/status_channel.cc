// SPDX-License-Identifier: Apache-2.0
#include "client/status_channel.hh"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.hh"
#include "base/packet.hh"
#include "client/session/hello.hh"

namespace obj::client {

using session::StatusQuery;
using session::StatusReply;

namespace {

std::unexpected<Status> silent() {
  return std::unexpected(
      fail(OBJ_ETIMEOUT, "objd does not answer a status query: it is stopped or overloaded"));
}

std::unexpected<Status> gone() {
  return std::unexpected(fail(OBJ_EDISCONNECTED, "objd closed the connection"));
}

// pread(2) rather than a mapping: a file shorter than promised is an error then, not SIGBUS.
OrStatus<void> read_text(const UniqueFd& file, char* text, size_t size_bytes) {
  size_t done = 0;
  while (done < size_bytes) {
    const ssize_t got =
        ::pread(file.get(), text + done, size_bytes - done, static_cast<off_t>(done));
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      return std::unexpected(fail(OBJ_ESYSTEM, "objd's status text cannot be read: %s",
                                  got == 0 ? "it is shorter than promised" : std::strerror(errno)));
    }
  }
  return {};
}

}  // namespace

Status StatusChannel::query(const StatusQuery& query, char* text, size_t capacity,
                            size_t& needed_bytes) {
  const auto document = ask(query);
  if (!document) return document.error();
  if (capacity > 0) {
    const size_t copied = std::min<size_t>(document->text_bytes, capacity - 1);
    const auto read = read_text(document->file, text, copied);
    if (!read) return read.error();
    text[copied] = '\0';
  }
  needed_bytes = document->text_bytes + 1;
  return OBJ_OK;
}

OrStatus<StatusChannel::Document> StatusChannel::ask(const StatusQuery& query) {
  const std::lock_guard lock(mutex_);
  const uint64_t deadline_ns = monotonic_ns() + patience_ns_;
  // One query at a time: first the reply that an earlier caller did not wait for.
  while (is_reply_owed_) {
    if (const auto stale = receive(deadline_ns); !stale) return std::unexpected(stale.error());
  }
  if (::send(socket_, &query, sizeof query, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof query) {
    return errno == EAGAIN ? silent() : gone();
  }
  is_reply_owed_ = true;
  auto reply = receive(deadline_ns);
  if (!reply) return std::unexpected(reply.error());
  return document_of(std::move(*reply));
}

OrStatus<StatusChannel::Reply> StatusChannel::receive(uint64_t deadline_ns) {
  Reply reply{};
  auto packet = receive_packet(socket_, &reply.head, sizeof reply.head, deadline_ns);
  if (!packet) return packet.error().code == ErrorCode::kTimeout ? silent() : gone();
  is_reply_owed_ = false;
  if (packet->size_bytes != sizeof reply.head || reply.head.magic != session::kStatusMagic) {
    return std::unexpected(fail(OBJ_ESYSTEM, "objd's status reply is not one"));
  }
  reply.files = std::move(packet->fds);
  return reply;
}

OrStatus<StatusChannel::Document> StatusChannel::document_of(Reply reply) {
  if (reply.head.error != 0) {
    return std::unexpected(fail(OBJ_ESYSTEM, "objd could not make its status text: %s",
                                std::strerror(static_cast<int>(reply.head.error))));
  }
  struct stat status{};
  if (reply.files.size() != 1 || ::fstat(reply.files.front().get(), &status) != 0 ||
      reply.head.text_bytes > static_cast<uint64_t>(status.st_size)) {
    return std::unexpected(fail(OBJ_ESYSTEM, "objd's status reply came without its text"));
  }
  return Document{std::move(reply.files.front()), reply.head.text_bytes};
}

}  // namespace obj::client
