// SPDX-License-Identifier: Apache-2.0
// tests/verbs/verbs_peer.hh -- a node with an arena that others read over a real device.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hh"
#include "base/reactor.hh"
#include "fabric/ucx/ucx_fabric.hh"
#include "fabric/verbs/device_list.hh"
#include "fabric/verbs/port_choice.hh"
#include "fabric/verbs/verbs_reads.hh"
#include "tests/fabric/verbs/test_table.hh"

namespace obj {

class VerbsCompletions : public ReadCompletions {
 public:
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override {
    done++;
    EXPECT_TRUE(reads.emplace(cookie, result).second) << "completed twice";
  }
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override {
    done++;
    EXPECT_TRUE(checks.emplace(cookie, result).second) << "completed twice";
  }
  void clear() {
    reads.clear();
    checks.clear();
    done = 0;
  }

  uint64_t done = 0;
  std::map<ReadCookie, Result<ReadProof>> reads;
  std::map<ReadCookie, Result<SlotSighting>> checks;
};

// A real adapter that tells others wrong keys of its arena.
class LyingAdapter : public verbs::Adapter {
 public:
  explicit LyingAdapter(std::unique_ptr<verbs::Adapter> real)
      : real_(std::move(real)), memory_(real_->memory()) {
    for (uint32_t& key : memory_.arena.keys) key ^= 0x5500;
  }
  const verbs::AdapterFacts& facts() const override { return real_->facts(); }
  const verbs::NodeMemory& memory() const override { return memory_; }
  Result<std::unique_ptr<verbs::ReadingQueue>> make_reading(const verbs::GidEntry& gid) override {
    return real_->make_reading(gid);
  }
  Result<std::unique_ptr<verbs::ServingQueue>> make_serving(
      const verbs::GidEntry& gid, const verbs::QueueAddress& partner) override {
    return real_->make_serving(gid, partner);
  }
  Result<void> add_to(Reactor& reactor) override { return real_->add_to(reactor); }
  bool is_present() const override { return real_->is_present(); }
  void close() override { real_->close(); }

 private:
  std::unique_ptr<verbs::Adapter> real_;
  verbs::NodeMemory memory_;
};

struct VerbsPeer {
  struct Options {
    uint64_t arena_bytes = 1 << 20;
    std::string secret{};
    VerbsReadsOptions verbs{};
    std::string listen = "127.0.0.1:0";
    uint32_t version_offset = 0;
    bool lies_about_keys = false;
  };

  explicit VerbsPeer(SourceNode self, const Options& options)
      : node(self), table(self, options.arena_bytes) {
    table.version_offset = options.version_offset;
    UcxFabricOptions fabric_options;
    fabric_options.self = self;
    fabric_options.listen = options.listen;
    fabric_options.secret = options.secret;
    auto created = UcxFabric::create(fabric_options);
    if (!created) ADD_FAILURE() << created.error().where;
    fabric = std::move(*created);
    const auto make = [&](std::span<std::byte> scratch,
                          std::span<verbs::AdapterEvents* const> events) {
      return open_port({table.arena(), table.table(), scratch}, options, *events[0]);
    };
    auto made = VerbsReads::create_over(
        options.verbs, make, fabric->transport(Service::kVerbs),
        [this](PeerId peer) { return fabric->identity(peer); }, table, completions);
    if (!made) ADD_FAILURE() << made.error();
    reads = std::move(*made);
    fabric->attach(Service::kVerbs, *reads);
    auto loop = Reactor::create();
    EXPECT_TRUE(loop.has_value());
    reactor.emplace(std::move(*loop));
    EXPECT_TRUE(reactor->add(*fabric).has_value());
    EXPECT_TRUE(reads->add_to(*reactor).has_value());
  }
  explicit VerbsPeer(SourceNode self) : VerbsPeer(self, Options{}) {}
  ~VerbsPeer() { fabric.reset(); }  // calls nobody any more

  static std::expected<std::vector<std::unique_ptr<verbs::Adapter>>, std::string> open_port(
      const verbs::AdapterMemory& memory, const Options& options, verbs::AdapterEvents& events) {
    const auto ports = verbs::choose_ports(verbs::list_devices(), {});
    if (!ports) return std::unexpected(ports.error());
    auto opened = verbs::IbvAdapter::open(ports->front(), memory, options.verbs.adapter, events);
    if (!opened) return std::unexpected(opened.error());
    std::vector<std::unique_ptr<verbs::Adapter>> adapters;
    adapters.push_back(std::move(*opened));
    if (options.lies_about_keys) {
      adapters[0] = std::make_unique<LyingAdapter>(std::move(adapters[0]));
    }
    return adapters;
  }

  ReadTransport& transport() { return reads->transport(); }
  std::string address() const { return fabric->listen_address(); }
  void connect(const VerbsPeer& other) { transport().connect(other.node, other.address()); }

  // Where reads go: the upper half of the arena.
  std::span<std::byte> landing() { return table.arena().subspan(table.arena().size() / 2); }

  ReadOrder order(SourceNode owner, ReadCookie cookie, uint64_t offset,
                  std::span<std::byte> destination) const {
    return {.cookie = cookie,
            .copy = {.node = owner, .id = {}, .slot = 0, .generation = 1, .offset = 0},
            .object_offset = offset,
            .size_bytes = static_cast<uint32_t>(destination.size()),
            .destination = destination.data()};
  }
  void read(SourceNode owner, ReadCookie cookie, uint64_t offset,
            std::span<std::byte> destination) {
    transport().post_read(order(owner, cookie, offset, destination));
  }
  void turn(int sleep_ms = 0) {
    reactor->run_once(sleep_ms);
    const uint64_t now_ns = monotonic_ns();
    fabric->step(now_ns);
    reads->step(now_ns);
  }
  verbs::PathReport path() const {
    const auto paths = reads->reader().paths();
    return paths.empty() ? verbs::PathReport{} : paths.front();
  }

  SourceNode node;
  TestTable table;
  VerbsCompletions completions;
  std::optional<Reactor> reactor;
  std::unique_ptr<UcxFabric> fabric;
  std::unique_ptr<VerbsReads> reads;
};

// Runs the peers until `done`, or for `ms_max`: false.
inline bool run_until(std::initializer_list<VerbsPeer*> peers, const std::function<bool()>& done,
                      uint64_t ms_max = 20'000) {
  const uint64_t until_ns = monotonic_ns() + ms_max * 1'000'000;
  while (!done()) {
    if (monotonic_ns() >= until_ns) return false;
    for (VerbsPeer* peer : peers) peer->turn();
  }
  return true;
}

}  // namespace obj
