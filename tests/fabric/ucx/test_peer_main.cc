// SPDX-License-Identifier: Apache-2.0
// tests/fabric/ucx/test_peer_main.cc -- a peer in a process of its own, to be killed or stopped.
//
//   test_peer echo                       sends every message of the node service back
//   test_peer own BYTES                  owns an arena that others read
//   test_peer read ADDRESS BYTES         reads all of node {1, 10}'s arena, for ever
// Prints the address where it listens. Ends when its standard input closes.
#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/fabric/ucx/read_peer.hh"

namespace obj {
namespace {

bool stdin_open() {
  pollfd in{.fd = 0, .events = POLLIN, .revents = 0};
  return ::poll(&in, 1, 0) == 0;
}

void say(const std::string& address) {
  std::printf("%s\n", address.c_str());
  std::fflush(stdout);
}

int echo() {
  TestNode node({.self = {9, 90}});
  node.handler.when_message = [&](PeerId peer, auto message) {
    static_cast<void>(node.transport().send(peer, message));
  };
  say(node.fabric->listen_address());
  while (stdin_open()) node.turn();
  return 0;
}

int own(size_t arena_bytes) {
  ReadPeer peer({1, 10}, arena_bytes);
  say(peer.fabric->listen_address());
  while (stdin_open()) peer.turn();
  return 0;
}

int read(const std::string& address, size_t arena_bytes) {
  constexpr SourceNode kOwner{1, 10};
  ReadPeer peer({2, 20}, 4096);
  say(peer.fabric->listen_address());
  peer.transport().connect(kOwner, address);
  std::vector<std::byte> destination(arena_bytes);
  while (stdin_open()) {
    peer.completions = {};
    const uint64_t chunks = arena_bytes >> 20;
    for (uint64_t i = 0; i < chunks; i++) {
      peer.read(kOwner, i, i << 20, std::span(destination).subspan(i << 20, 1 << 20));
    }
    while (peer.completions.done < chunks && stdin_open()) peer.turn();
  }
  return 0;
}

}  // namespace
}  // namespace obj

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "echo") return obj::echo();
  if (role == "own" && argc == 3) return obj::own(std::strtoull(argv[2], nullptr, 0));
  if (role == "read" && argc == 4) return obj::read(argv[2], std::strtoull(argv[3], nullptr, 0));
  std::fprintf(stderr, "usage: test_peer echo | own BYTES | read ADDRESS BYTES\n");
  return 2;
}
