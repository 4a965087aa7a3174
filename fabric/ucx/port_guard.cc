// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/port_guard.hh"

#include <linux/filter.h>
#include <netinet/in.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string>

namespace obj::ucx {
namespace {

in_port_t port_of(const sockaddr_storage& address) {
  // At the same place for both families.
  return reinterpret_cast<const sockaddr_in&>(address).sin_port;
}

bool listens_at(int fd, in_port_t port) {
  int listens = 0;
  socklen_t size = sizeof(listens);
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    return false;
  }
  sockaddr_storage bound{};
  size = sizeof(bound);
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
         (bound.ss_family == AF_INET || bound.ss_family == AF_INET6) && port_of(bound) == port;
}

// -1: none. UCX does not tell the descriptor of its listener.
int find_listener(in_port_t port) {
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", problem)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (listens_at(fd, port)) return fd;
  }
  return -1;
}

constexpr uint32_t kHeaderBytes = 16;
constexpr uint32_t kPayloadBytes = 0;  // scratch cells
constexpr uint32_t kLengthHigh = 1;

// A packet begins with its TCP header here. Jumps count the instructions that they skip.
sock_filter kProgram[] = {
    // X = bytes of the TCP header, A = bytes of the payload.
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 12), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2), BPF_STMT(BPF_MISC | BPF_TAX, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 16, 0),  // no payload: accept
    BPF_STMT(BPF_ST, kPayloadBytes), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kHeaderBytes, 0, 13),
    // The upper six bytes of the length are zero.
    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 11),
    BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 9),
    // A = header and length, in little-endian order.
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 1), BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 8),
    BPF_STMT(BPF_ST, kLengthHigh), BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
    BPF_STMT(BPF_LDX | BPF_MEM, kLengthHigh), BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, kHeaderBytes), BPF_STMT(BPF_LDX | BPF_MEM, kPayloadBytes),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0), BPF_STMT(BPF_RET | BPF_K, 0),  // drop
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),                                       // accept, whole
};

}  // namespace

Result<void> guard_port(const sockaddr_storage& address) {
  const int fd = find_listener(port_of(address));
  if (fd < 0) return std::unexpected(Error{ErrorCode::kNotFound, 0, "guard_port"});
  const sock_fprog program{static_cast<unsigned short>(std::size(kProgram)), kProgram};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "setsockopt(SO_ATTACH_FILTER)"});
  }
  return {};
}

}  // namespace obj::ucx
