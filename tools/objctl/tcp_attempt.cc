// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/tcp_attempt.hh"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "tools/objctl/address_text.hh"
#include "tools/objctl/descriptor.hh"

namespace objctl {
namespace {

using State = PortFact::State;

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// Null if the host has none.
Addresses look_up(const std::string& address) {
  const auto parts = host_port_from(address);
  if (!parts) return nullptr;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parts->port);
  const int status = ::getaddrinfo(parts->host.c_str(), port.c_str(), &hints, &found);
  return Addresses(status == 0 ? found : nullptr);
}

Descriptor stream_socket(const addrinfo& address) {
  return Descriptor(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// 0, or why no connection came about.
int connect_errno(const addrinfo& address, int timeout_ms) {
  const Descriptor socket = stream_socket(address);
  if (!socket.is_open()) return errno;
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd writable{socket.get(), POLLOUT, 0};
  if (::poll(&writable, 1, timeout_ms) <= 0) return ETIMEDOUT;
  int outcome = 0;
  socklen_t size = sizeof outcome;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &outcome, &size);
  return outcome;
}

int bind_errno(const addrinfo& address) {
  const Descriptor socket = stream_socket(address);
  if (!socket.is_open()) return errno;
  // As objd does: what is left of connections of a predecessor does not count.
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  return ::listen(socket.get(), 1) == 0 ? 0 : errno;
}

// `attempt` is made on the host's addresses until one works. Its last errno otherwise.
template <class Attempt>
PortFact attempt_each(const std::string& address, State success, Attempt attempt) {
  if (address.empty()) return {};
  const Addresses addresses = look_up(address);
  if (addresses == nullptr) return {State::kUnknownHost, address, 0};
  int problem = 0;
  for (const addrinfo* each = addresses.get(); each != nullptr; each = each->ai_next) {
    problem = attempt(*each);
    if (problem == 0) return {success, address, 0};
  }
  return {State::kFailed, address, problem};
}

}  // namespace

PortFact attempt_connect(const std::string& address, int timeout_ms) {
  return attempt_each(address, State::kConnected, [timeout_ms](const addrinfo& each) {
    return connect_errno(each, timeout_ms);
  });
}

PortFact attempt_bind(const std::string& address) {
  return attempt_each(address, State::kFree, bind_errno);
}

}  // namespace objctl
