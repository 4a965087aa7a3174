// SPDX-License-Identifier: Apache-2.0
// client/daemon_line.hh -- where a client hears from the daemon while it sleeps: bell and socket.
#pragma once

#include <cstdint>

namespace obj::client {

// Lifetime: the descriptors must outlive it.
// Threads:  sleep() by one at a time; the rest by any.
class DaemonLine {
 public:
  enum class Heard : uint8_t { kBell, kHangUp, kNothing };

  DaemonLine(int socket, int bell) : socket_(socket), bell_(bell) {}

  // Sleeps until the daemon rings, is gone, or `deadline_ns` (kForeverNs: none). Silences the bell.
  // A signal may end it early with kNothing.
  Heard sleep(uint64_t now_ns, uint64_t deadline_ns) const;

  bool is_hung_up() const;
  // Ends the session for the daemon too.
  void hang_up() const;

 private:
  int socket_;
  int bell_;
};

}  // namespace obj::client
