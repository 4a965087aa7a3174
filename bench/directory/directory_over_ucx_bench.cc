// SPDX-License-Identifier: Apache-2.0
// bench/directory/directory_over_ucx_bench.cc -- a directory on a thread of its own and one node's
// client on another, over UCX on TCP.
//
// Both poll all the time, so two cores are needed. The yardstick for one lookup is an echo of a
// message of the same size over the same transport. `ucx_perftest -t ucp_am_lat -s 64` shows what
// lies below.
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"
#include "bench/directory/synthetic_cluster.hh"
#include "bench/release_only.hh"
#include "directory/directory_client.hh"
#include "fabric/ucx/ucx_fabric.hh"
#include "node/directory_host.hh"

namespace obj::directory {
namespace {

constexpr uint32_t kPollUs = 100'000;
constexpr uint64_t kObjects = 1'000'000;
constexpr size_t kLookupsAtOnce = 1024;

UcxFabricOptions fabric_options(NodeId node, const std::string& listen) {
  UcxFabricOptions options;
  options.listen = listen;
  options.self = {node, 1};
  return options;
}

// Holds nothing at first; counts answers.
class CountingOwner : public DirectoryClientOwner {
 public:
  size_t next_of_inventory(uint64_t&, std::span<CopyReport>) override { return 0; }
  void on_located(RequestTag, const Result<Located>& located) override {
    (located ? found : missed)++;
  }
  void on_locations(const ObjectId&, const Located&) override {}
  void on_freed(RequestTag, const Result<uint32_t>&) override {}
  void on_node(RequestTag, const Result<NodeAnswer>&) override {}
  void on_nodes(RequestTag, const Result<std::vector<NodeAnswer>>&) override {}
  void on_free_order(const FreeOrder&) override {}
  void on_conflict(const ObjectId&) override {}

  uint64_t found = 0;
  uint64_t missed = 0;
};

// A directory that knows kObjects objects of one node, and that node.
struct Served {
  Served() {
    log::open(log::Level::kError, "/dev/null");
    DirectoryHostOptions options;
    options.fabric = fabric_options(0, "127.0.0.1:0");
    options.directory.rebuild_grace_ms = 0;
    options.poll_us = kPollUs;
    directory = std::move(*DirectoryThread::start(options));
    fabric = std::move(*UcxFabric::create(fabric_options(1, "")));
    DirectoryClientOptions node;
    node.link.address = directory->address();
    node.node = {.node = {1, 1},
                 .address = "127.0.0.1:1",
                 .arena_bytes = uint64_t{1} << 40,
                 .arena_info = {}};
    node.cache_entries_max = 0;
    client = std::make_unique<DirectoryClient>(fabric->transport(Service::kDirectory), owner, node,
                                               1, monotonic_ns());
    fabric->attach(Service::kDirectory, *client);
    turn_until([&] { return client->caught_up(); });
    report_all(1);
  }

  void report_all(uint64_t generation) {
    for (uint64_t first = 0; first < kObjects; first += kReportsAtOnce) {
      for (uint64_t n = first; n < first + kReportsAtOnce; n++) report(n, generation);
      turn_until([&] { return client->caught_up(); });
    }
  }
  void report(uint64_t number, uint64_t generation) {
    const CopyReport report = report_of(number, CopyState::kSealed, generation);
    client->report(report.id, report.shape, report.copy);
  }
  void turn() {
    const uint64_t now_ns = monotonic_ns();
    fabric->progress(64);
    fabric->step(now_ns);
    client->step(now_ns);
  }
  template <class Done>
  void turn_until(Done&& done) {
    while (!done()) turn();
  }

  static constexpr uint64_t kReportsAtOnce = 50'000;

  std::unique_ptr<DirectoryThread> directory;
  std::unique_ptr<UcxFabric> fabric;
  CountingOwner owner;
  std::unique_ptr<DirectoryClient> client;
};

Served& served() {
  static Served one;
  return one;
}

// Known copies move to another generation, as fast as the directory acknowledges them.
void directory_updates(benchmark::State& state) {
  Served& s = served();
  uint64_t generation = 1;
  uint64_t at = 0;
  for (auto _ : state) {
    if (at == 0) generation++;
    for (uint64_t n = at; n < at + Served::kReportsAtOnce; n++) s.report(n, generation);
    s.turn_until([&] { return s.client->caught_up(); });
    at = (at + Served::kReportsAtOnce) % kObjects;
  }
  if (s.client->reports_refused() > 0) state.SkipWithError("reports were refused");
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Served::kReportsAtOnce));
}
BENCHMARK(directory_updates)->UseRealTime()->Unit(benchmark::kMillisecond);

void directory_lookups(benchmark::State& state) {
  Served& s = served();
  uint64_t next = 0;
  uint64_t asked = s.owner.found + s.owner.missed;
  const uint64_t missed_before = s.owner.missed;
  for (auto _ : state) {
    for (size_t i = 0; i < kLookupsAtOnce; i++, asked++) {
      next = (next + 7919) % kObjects;
      OBJ_CHECK(s.client->lookup(id_of(next), 1, kForeverNs).has_value());
    }
    s.turn_until([&] { return s.owner.found + s.owner.missed == asked; });
  }
  if (s.owner.missed > missed_before) state.SkipWithError("an object was not found");
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kLookupsAtOnce));
}
BENCHMARK(directory_lookups)->UseRealTime();

void directory_round_trip(benchmark::State& state) {
  Served& s = served();
  uint64_t next = 0;
  for (auto _ : state) {
    const uint64_t found = s.owner.found;
    next = (next + 7919) % kObjects;
    OBJ_CHECK(s.client->lookup(id_of(next), 1, kForeverNs).has_value());
    s.turn_until([&] { return s.owner.found > found; });
  }
}
BENCHMARK(directory_round_trip)->UseRealTime();

// Sends each message back.
class Echo : public MessageHandler {
 public:
  explicit Echo(MessageTransport& transport) : transport_(transport) {}
  void on_peer_up(PeerId, bool) override { is_up = true; }
  void on_message(PeerId peer, std::span<const std::byte> message) override {
    heard++;
    if (answers) OBJ_CHECK(transport_.send(peer, message).has_value());
  }
  void on_peer_down(PeerId, const Error&) override {}

  bool is_up = false;
  bool answers = true;
  uint64_t heard = 0;

 private:
  MessageTransport& transport_;
};

void message_round_trip(benchmark::State& state) {
  const auto far = std::move(*UcxFabric::create(fabric_options(2, "127.0.0.1:0")));
  const auto near = std::move(*UcxFabric::create(fabric_options(3, "")));
  Echo far_end(far->transport(Service::kNode));
  Echo near_end(near->transport(Service::kNode));
  near_end.answers = false;
  far->attach(Service::kNode, far_end);
  near->attach(Service::kNode, near_end);
  std::atomic<bool> is_over = false;
  std::thread echo([&] {
    while (!is_over.load(std::memory_order_relaxed)) {
      far->progress(64);
      far->step(monotonic_ns());
    }
  });
  const auto turn = [&] {
    near->progress(64);
    near->step(monotonic_ns());
  };
  const PeerId peer = *near->transport(Service::kNode).dial(far->listen_address());
  while (!near_end.is_up) turn();
  const std::vector<std::byte> message(24 + sizeof(ObjectId));  // as a lookup of one id
  for (auto _ : state) {
    const uint64_t heard = near_end.heard;
    OBJ_CHECK(near->transport(Service::kNode).send(peer, message).has_value());
    while (near_end.heard == heard) turn();
  }
  is_over = true;
  echo.join();
}
BENCHMARK(message_round_trip)->UseRealTime();

}  // namespace
}  // namespace obj::directory

OBJ_BENCHMARK_MAIN()
