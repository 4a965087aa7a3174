// SPDX-License-Identifier: Apache-2.0
// client/status_channel.hh -- asks the daemon for its state, over the session socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/unique_fd.hh"
#include "client/last_error.hh"
#include "client/session/hello.hh"

namespace obj::client {

// Lifetime: the socket must outlive it.
// Threads:  any, one after the other; not in a forked child.
class StatusChannel {
 public:
  StatusChannel(int socket, uint64_t patience_ns) : socket_(socket), patience_ns_(patience_ns) {}

  // Copies up to `capacity` bytes, NUL included, of the JSON text. OBJ_ETIMEOUT if the daemon does
  // not answer within the patience, OBJ_EDISCONNECTED, OBJ_ESYSTEM.
  [[nodiscard]] Status query(const session::StatusQuery& query, char* text, size_t capacity,
                             size_t& needed_bytes);

 private:
  struct Document {
    UniqueFd file;
    uint64_t text_bytes;
  };
  struct Reply {
    session::StatusReply head;
    std::vector<UniqueFd> files;
  };
  OrStatus<Document> ask(const session::StatusQuery& query);
  OrStatus<Reply> receive(uint64_t deadline_ns);
  static OrStatus<Document> document_of(Reply reply);

  // Fixed after construction.
  int socket_;
  uint64_t patience_ns_;

  std::mutex mutex_;
  // Guarded by mutex_. A query was sent, and its caller may have given up.
  bool is_reply_owed_ = false;
};

}  // namespace obj::client
