// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/raw_tcp_stream.hh"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/clock.hh"
#include "base/unique_fd.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/copy_speed.hh"
#include "tools/objbench/percentiles.hh"

namespace objbench {
namespace {

constexpr size_t kCallBytes = 1 << 20;  // of one send or receive, as large as a chunk of a pull

// An address of the loopback that `listener` got.
Outcome<sockaddr_in> listen_on(const obj::UniqueFd& listener) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), any, size) != 0) return system_failure("bind");
  if (::listen(listener.get(), 1) != 0) return system_failure("listen");
  if (::getsockname(listener.get(), any, &size) != 0) return system_failure("getsockname");
  return address;
}

// Sends for as long as somebody receives.
int send_for_ever(const sockaddr_in& address, const std::vector<std::byte>& data) {
  const obj::UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), any, sizeof address) != 0) return 1;
  for (size_t at = 0;;) {
    const size_t size = std::min(kCallBytes, data.size() - at);
    const ssize_t sent = ::send(socket.get(), data.data() + at, size, MSG_NOSIGNAL);
    if (sent <= 0) return 1;
    at = (at + static_cast<size_t>(sent)) % data.size();
  }
}

Outcome<void> receive(const obj::UniqueFd& socket, std::vector<std::byte>& data) {
  for (size_t at = 0; at < data.size();) {
    const size_t size = std::min(kCallBytes, data.size() - at);
    const ssize_t received = ::recv(socket.get(), data.data() + at, size, 0);
    if (received <= 0) return system_failure("recv");
    at += static_cast<size_t>(received);
  }
  return {};
}

}  // namespace

Outcome<double> raw_tcp_stream_bytes_per_second(uint64_t size_bytes, uint32_t passes) {
  const obj::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.get() < 0) return system_failure("socket");
  OBJBENCH_TRY(const sockaddr_in address, listen_on(listener));
  std::vector<std::byte> data(size_bytes, std::byte{0x5a});
  OBJBENCH_TRY(const ChildProcess sender,
               ChildProcess::fork([&] { return send_for_ever(address, data); }));
  const obj::UniqueFd socket(::accept(listener.get(), nullptr, nullptr));
  if (socket.get() < 0) return system_failure("accept");
  OBJBENCH_DO(receive(socket, data));  // touches our copy of the pages, and opens the window
  std::vector<double> speeds;
  while (speeds.size() < passes) {
    const uint64_t started_ns = obj::monotonic_ns();
    OBJBENCH_DO(receive(socket, data));
    speeds.push_back(bytes_per_second(size_bytes, obj::monotonic_ns() - started_ns));
  }
  return median(std::move(speeds));
}

}  // namespace objbench
