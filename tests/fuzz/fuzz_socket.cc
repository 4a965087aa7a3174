// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_socket.cc -- packets on the daemon's socket: hello, status queries, nonsense.
//
// A whole node in this thread; each input is one connection. Its packets are sent one by one, and
// the node gets its turns between them.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.hh"
#include "base/log.hh"
#include "client/session/hello.hh"
#include "node/node.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace {

using namespace obj;

struct Daemon {
  Daemon() {
    std::string folder = (std::filesystem::temp_directory_path() / "fuzz_socket-XXXXXX").string();
    OBJ_CHECK(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    log::open(log::Level::kError, "/dev/null");
    NodeConfig config;
    config.socket_path = folder_ / "s";
    config.object_store_memory_bytes = uint64_t{2} << 20;
    config.huge_pages = HugePages::kOff;
    config.objects_max = 64;
    config.poll_us = 0;
    auto started = Node::start(config);
    OBJ_CHECK(started.has_value());
    node_ = std::move(*started);
  }
  ~Daemon() {
    node_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Enough turns for whatever one packet starts.
  void turn() {
    for (int n = 0; n < 3; n++) node_->reactor().run_once(0);
  }

  UniqueFd connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& path = node_->config().socket_path;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    OBJ_CHECK(::connect(socket.get(), generic, sizeof address) == 0);
    return socket;
  }

  std::filesystem::path folder_;
  std::unique_ptr<Node> node_;
};

// Nearly right or arbitrary.
void send_packet(FuzzInput& input, const UniqueFd& socket) {
  const auto send = [&](const void* bytes, size_t size_bytes) {
    [[maybe_unused]] const ssize_t sent =
        ::send(socket.get(), bytes, size_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
  };
  switch (input.below(4)) {
    case 0: {
      auto hello = input.take<session::Hello>();
      hello.magic = session::kHelloMagic;
      hello.version = session::kProtocolVersion;
      if (input.below(2) == 0) hello.pins_max = hello.requests_max = 0;
      return send(&hello, sizeof hello);
    }
    case 1: {
      const session::StatusQuery query{
          session::kStatusMagic, session::StatusTopic{input.below(7)}, {}};
      return send(&query, sizeof query);
    }
    default: {
      const auto bytes = input.take_bytes(input.below(128));
      return send(bytes.data(), bytes.size());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  static Daemon daemon;
  FuzzInput input(data, size_bytes);
  {
    const UniqueFd socket = daemon.connect();
    daemon.turn();
    while (!input.is_empty()) {
      send_packet(input, socket);
      daemon.turn();
    }
  }
  daemon.turn();  // it notices the hang-up
  return 0;
}
