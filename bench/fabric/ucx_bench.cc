// SPDX-License-Identifier: Apache-2.0
// Messages and reads over UCX between two processes of this machine, beside a raw TCP stream and
// ping-pong of the same run. Beside it run ucx_perftest (package ucx-utils):
//   ucx_perftest & ucx_perftest 127.0.0.1 -t ucp_am_lat -s 64
//   ucx_perftest & ucx_perftest 127.0.0.1 -t ucp_get -s 1048576 -O 16 -n 4000
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/reactor.hh"
#include "bench/release_only.hh"
#include "fabric/ucx/ucx_reads.hh"

namespace obj {
namespace {

constexpr SourceNode kOwner{1, 10};
constexpr size_t kArenaBytes = 256 << 20;

class Arena : public ReadSource {
 public:
  explicit Arena(size_t size_bytes) : bytes_(size_bytes, std::byte{1}) {}
  Result<Held> hold(const ObjectId&, uint32_t, uint64_t generation) override {
    return Held{bytes_, sighting(generation)};
  }
  void let_go(uint32_t, uint64_t) override {}
  Result<SlotSighting> look(const ObjectId&, uint32_t, uint64_t generation) override {
    return sighting(generation);
  }

 private:
  SlotSighting sighting(uint64_t generation) const {
    return {.id = {},
            .generation = generation,
            .data_bytes = bytes_.size(),
            .ready_bytes = bytes_.size()};
  }
  std::vector<std::byte> bytes_;
};

struct Counter : ReadCompletions, MessageHandler {
  void on_read_done(ReadCookie, const Result<ReadProof>& result) override {
    OBJ_CHECK(result.has_value());
    done++;
  }
  void on_check_done(ReadCookie, const Result<SlotSighting>&) override { done++; }
  void on_peer_up(PeerId, bool) override { up = true; }
  void on_message(PeerId peer, std::span<const std::byte> message) override {
    done++;
    if (echo != nullptr) static_cast<void>(echo->send(peer, message));
  }
  void on_peer_down(PeerId, const Error&) override {}

  uint64_t done = 0;
  bool up = false;
  MessageTransport* echo = nullptr;
};

struct Node {
  Node(SourceNode self, size_t arena_bytes, const std::string& listen) : arena(arena_bytes) {
    auto created = UcxFabric::create({.listen = listen, .self = self});
    OBJ_CHECK(created.has_value());
    fabric = std::move(*created);
    reads = std::make_unique<UcxReads>(*fabric, arena, counter);
    fabric->attach(Service::kNode, counter);
    OBJ_CHECK(reactor.add(*fabric).has_value() && reactor.add(*reads).has_value());
  }
  // As a daemon: spins for a moment, then sleeps.
  void turn() {
    reactor.run_once(50);
    const uint64_t now_ns = monotonic_ns();
    fabric->step(now_ns);
    reads->step(now_ns);
  }

  Arena arena;
  Counter counter;
  std::unique_ptr<UcxReads> reads;
  std::unique_ptr<UcxFabric> fabric;
  Reactor reactor = *Reactor::create(50'000);
};

// The other side of all: owner of an arena, and echo of messages. Never returns.
[[noreturn]] void serve(int address_to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Node node(kOwner, kArenaBytes, "127.0.0.1:0");
  node.counter.echo = &node.fabric->transport(Service::kNode);
  const std::string& address = node.fabric->listen_address();
  OBJ_CHECK(::write(address_to, address.data(), address.size()) > 0);
  for (;;) node.turn();
}

// Sends 1 MiB pieces for ever, or echoes what it gets if `echoes`. Never returns.
[[noreturn]] void serve_tcp(int listener, bool echoes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int peer = ::accept(listener, nullptr, nullptr);
  const int on = 1;
  ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  std::vector<std::byte> bytes(1 << 20);
  for (;;) {
    const ssize_t size =
        echoes ? ::recv(peer, bytes.data(), bytes.size(), 0) : static_cast<ssize_t>(bytes.size());
    if (size <= 0 || ::send(peer, bytes.data(), static_cast<size_t>(size), 0) < 0) ::_exit(0);
  }
}

// A child, killed at the end.
struct Child {
  explicit Child(pid_t child) : pid(child) {}
  ~Child() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  pid_t pid;
};

class TcpPeer {
 public:
  explicit TcpPeer(bool echoes) : child_(start(echoes)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    OBJ_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&where_), sizeof(where_)) == 0);
  }
  ~TcpPeer() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  pid_t start(bool echoes) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    where_.sin_family = AF_INET;
    where_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    OBJ_CHECK(::bind(listener, reinterpret_cast<sockaddr*>(&where_), sizeof(where_)) == 0);
    socklen_t size = sizeof(where_);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&where_), &size);
    OBJ_CHECK(::listen(listener, 1) == 0);
    const pid_t child = ::fork();
    if (child == 0) serve_tcp(listener, echoes);
    ::close(listener);
    return child;
  }

  sockaddr_in where_{};
  Child child_;
  int fd_ = -1;
};

struct Served {
  Served() : child(start()) {}
  pid_t start() {
    int pipe[2];
    OBJ_CHECK(::pipe(pipe) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) serve(pipe[1]);
    char text[64] = "";
    OBJ_CHECK(::read(pipe[0], text, sizeof(text) - 1) > 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
    address = text;
    return pid;
  }
  std::string address;
  Child child;
};

void message_round_trip(benchmark::State& state) {
  const Served other;
  Node node({2, 20}, 4096, "");
  MessageTransport& transport = node.fabric->transport(Service::kNode);
  const PeerId peer = *transport.dial(other.address);
  while (!node.counter.up) node.turn();
  const std::vector<std::byte> message(static_cast<size_t>(state.range(0)));
  const auto window = static_cast<uint64_t>(state.range(1));
  uint64_t sent = 0;
  for (auto _ : state) {
    while (sent < node.counter.done + window) {
      OBJ_CHECK(transport.send(peer, message).has_value());
      sent++;
    }
    const uint64_t had = node.counter.done;
    while (node.counter.done == had) node.turn();
  }
  state.counters["messages/s"] =
      benchmark::Counter(static_cast<double>(node.counter.done), benchmark::Counter::kIsRate);
}

void read_objects(benchmark::State& state) {
  const auto size = static_cast<uint32_t>(state.range(0));
  const auto count = static_cast<uint64_t>(state.range(1));
  const Served other;
  Node node({2, 20}, 4096, "");
  node.reads->transport().connect(kOwner, other.address);
  std::vector<std::byte> destination(size * count);
  const auto read_all = [&] {
    const uint64_t until = node.counter.done + count;
    for (uint64_t i = 0; i < count; i++) {
      node.reads->transport().post_read({.cookie = i,
                                         .copy = {.node = kOwner, .id = {}, .generation = 1},
                                         .object_offset = i * size,
                                         .size_bytes = size,
                                         .destination = destination.data() + i * size});
    }
    while (node.counter.done < until) node.turn();
  };
  read_all();  // connected and warm
  for (auto _ : state) read_all();
  const auto reads = static_cast<double>(state.iterations() * static_cast<int64_t>(count));
  state.counters["objects/s"] = benchmark::Counter(reads, benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<int64_t>(reads * size));
}

void raw_tcp_stream(benchmark::State& state) {
  const TcpPeer other(false);
  std::vector<std::byte> destination(64 << 20);
  for (auto _ : state) {
    for (size_t at = 0; at < destination.size();) {
      const size_t most = std::min<size_t>(destination.size() - at, 1 << 20);
      const ssize_t got = ::recv(other.fd(), destination.data() + at, most, 0);
      OBJ_CHECK(got > 0);
      at += static_cast<size_t>(got);
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(destination.size()));
}

void raw_tcp_round_trip(benchmark::State& state) {
  const TcpPeer other(true);
  char bytes[64] = "";
  for (auto _ : state) {
    OBJ_CHECK(::send(other.fd(), bytes, sizeof(bytes), 0) == sizeof(bytes));
    OBJ_CHECK(::recv(other.fd(), bytes, sizeof(bytes), MSG_WAITALL) == sizeof(bytes));
  }
}

BENCHMARK(raw_tcp_round_trip)->UseRealTime();
BENCHMARK(message_round_trip)->Args({64, 1})->Args({64, 256})->Args({2048, 1})->UseRealTime();
BENCHMARK(raw_tcp_stream)->UseRealTime();
BENCHMARK(read_objects)
    ->Args({1 << 20, 64})
    ->Args({64 << 10, 1})
    ->Args({4096, 1})
    ->Args({4096, 10'000})
    ->UseRealTime();

}  // namespace
}  // namespace obj

OBJ_BENCHMARK_MAIN()
