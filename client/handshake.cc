// SPDX-License-Identifier: Apache-2.0
#include "client/handshake.hh"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "base/clock.hh"
#include "base/packet.hh"

namespace obj::client {

using session::Hello;
using session::Welcome;
using session::WelcomeStatus;

namespace {

std::unexpected<Status> timed_out(const OpenRequest& request) {
  return std::unexpected(fail(OBJ_ETIMEOUT,
                              "objd at %s did not answer within %d ms: it is stopped or overloaded",
                              request.socket_path.c_str(), request.timeout_ms));
}

std::unexpected<Status> connect_failure(const OpenRequest& request, int error) {
  const char* const path = request.socket_path.c_str();
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
      return std::unexpected(fail(OBJ_EDISCONNECTED,
                                  "nothing listens on %s: start objd, or name its socket with "
                                  "OBJD_SOCKET",
                                  path));
    case EACCES:
    case EPERM:
      return std::unexpected(fail(OBJ_EREFUSED,
                                  "no permission for %s: this user may not write to the socket or "
                                  "enter its directory",
                                  path));
    case EPROTOTYPE:
      return std::unexpected(fail(OBJ_EREFUSED, "what listens on %s is not objd", path));
    case EAGAIN: return timed_out(request);
  }
  return std::unexpected(fail(OBJ_ESYSTEM, "connect to %s: %s", path, std::strerror(error)));
}

OrStatus<UniqueFd> connect_to(const OpenRequest& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (request.socket_path.empty() || request.socket_path.size() >= sizeof address.sun_path) {
    return std::unexpected(fail(OBJ_EINVAL, "socket path \"%s\" is empty or longer than %zu bytes",
                                request.socket_path.c_str(), sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, request.socket_path.data(), request.socket_path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) {
    return std::unexpected(fail(OBJ_ESYSTEM, "socket: %s", std::strerror(errno)));
  }
  // For connect(2), which waits while the daemon's backlog is full. Zero: no limit.
  const int32_t timeout_ms = std::max(request.timeout_ms, 0);
  const timeval timeout{timeout_ms / 1000, timeout_ms % 1000 * 1000};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  int result;
  do {
    result = ::connect(socket.get(), name, sizeof address);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return connect_failure(request, errno);
  return socket;
}

Hello make_hello(const OpenRequest& request) {
  Hello hello{};
  hello.magic = session::kHelloMagic;
  hello.version = session::kProtocolVersion;
  hello.flags = request.read_only ? session::kHelloReadOnly : uint16_t{0};
  hello.pins_max = request.pins_max;
  hello.requests_max = request.requests_max;
  const size_t length = std::min(request.name.size(), sizeof hello.name);
  std::memcpy(hello.name, request.name.data(), length);
  return hello;
}

std::unexpected<Status> gone(const OpenRequest& request) {
  return std::unexpected(fail(OBJ_EDISCONNECTED,
                              "objd at %s closed the connection without an answer: see its log",
                              request.socket_path.c_str()));
}

std::unexpected<Status> no_welcome(const OpenRequest& request, const char* what) {
  return std::unexpected(fail(OBJ_EREFUSED, "what listens on %s does not answer like objd: %s",
                              request.socket_path.c_str(), what));
}

// Checks what every version of a welcome has in common, and then its status.
OrStatus<void> check(const Packet& packet, const Welcome& welcome, const OpenRequest& request) {
  constexpr size_t kCommonBytes = offsetof(Welcome, status);
  if (packet.size_bytes < kCommonBytes || welcome.magic != session::kHelloMagic) {
    return no_welcome(request, "no welcome");
  }
  if (welcome.version != session::kProtocolVersion || welcome.status == WelcomeStatus::kVersion) {
    return std::unexpected(fail(OBJ_EREFUSED,
                                "objd speaks protocol version %u, this libobj (%s) speaks %u: "
                                "install the same release of both",
                                welcome.version, obj_version(), session::kProtocolVersion));
  }
  if (packet.size_bytes != sizeof welcome) return no_welcome(request, "a welcome of another size");
  if (welcome.status != WelcomeStatus::kAccepted) {
    const std::string text(welcome.text, ::strnlen(welcome.text, sizeof welcome.text));
    return std::unexpected(fail(OBJ_EREFUSED, "objd refused the session: %s",
                                text.empty() ? "it did not say why" : text.c_str()));
  }
  if (packet.fds.size() != session::kWelcomeFdCount || packet.is_cut) {
    return no_welcome(request,
                      "a welcome without its descriptors (is the limit of open files "
                      "reached?)");
  }
  return {};
}

}  // namespace

OrStatus<Greeting> shake_hands(const OpenRequest& request) {
  const uint64_t deadline_ns = deadline_after_ms(monotonic_ns(), request.timeout_ms);
  auto socket = connect_to(request);
  if (!socket) return std::unexpected(socket.error());
  const Hello hello = make_hello(request);
  if (::send(socket->get(), &hello, sizeof hello, MSG_NOSIGNAL) != sizeof hello)
    return gone(request);

  Welcome welcome{};
  auto packet = receive_packet(socket->get(), &welcome, sizeof welcome, deadline_ns);
  if (!packet) {
    return packet.error().code == ErrorCode::kTimeout ? timed_out(request) : gone(request);
  }
  if (const auto checked = check(*packet, welcome, request); !checked) {
    return std::unexpected(checked.error());
  }
  Greeting greeting{welcome,
                    std::move(*socket),
                    {UniqueFd(-1), UniqueFd(-1), UniqueFd(-1), UniqueFd(-1), UniqueFd(-1)}};
  std::move(packet->fds.begin(), packet->fds.end(), greeting.fds.begin());
  return greeting;
}

}  // namespace obj::client
