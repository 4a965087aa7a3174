// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/socket_address.hh"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

namespace obj::ucx {
namespace {

constexpr Error kNotAnAddress{ErrorCode::kInvalid, 0,
                              "address: should be HOST:PORT, as in 10.0.0.7:7000"};
constexpr Error kUnknownName{ErrorCode::kInvalid, 0,
                             "address: no such host name; use the numeric address, or mend DNS"};

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size() && port <= 65535;
}

std::string text_of(std::string host, in_port_t port) {
  return (std::move(host) += ':') += std::to_string(ntohs(port));
}

// Without the brackets of an IPv6 address.
std::string_view bare_host(std::string_view host) {
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

Result<SocketAddress> parse_socket_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::unexpected(kNotAnAddress);
  const std::string host(bare_host(std::string_view(text).substr(0, colon)));
  const std::string port = text.substr(colon + 1);
  if (host.empty() || !is_port(port)) return std::unexpected(kNotAnAddress);

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0 || found == nullptr) {
    return std::unexpected(kUnknownName);
  }
  SocketAddress address;
  address.size_bytes = found->ai_addrlen;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return address;
}

std::string to_string(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return text_of(text, v4.sin_port);
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return text_of((std::string("[") += text) += ']', v6.sin6_port);
  }
  return "?";
}

}  // namespace obj::ucx
