// SPDX-License-Identifier: Apache-2.0
// tests/sim/whole_node.hh -- one node with all its real decisions (store, admission, local service,
// pulls, directory client) on a fake network, fake reads, a fake clock and fake clients.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node/local_service.hh"
#include "node/remote/daemon_pins.hh"
#include "node/remote/locations.hh"
#include "node/remote/remote_objects.hh"
#include "node/spill/storage.hh"
#include "store/object_table.hh"
#include "store/shared/pin_cell.hh"
#include "tests/directory/fake_network.hh"
#include "tests/node/fake_tier.hh"
#include "tests/sim/fake_reads.hh"

namespace obj::sim {

// What clients are answered, and what they pin.
class FakeClients : public Readers, public Answers {
 public:
  struct Answer {
    session::Completion completion;
    std::string detail;
  };

  void collect_pins(std::vector<HeldPin>& out) override {
    for (const auto& [cell, pin] : pins) out.push_back(pin);
  }
  void collect_touches(std::vector<uint32_t>&) override {}
  void want_releases(bool) override {}

  void complete(SessionId session, const session::Completion& completion,
                const std::string& detail) override {
    const bool is_first =
        answers.emplace(std::pair(session, completion.tag), Answer{completion, detail}).second;
    EXPECT_TRUE(is_first) << "answered twice";
  }
  void set_pin(SessionId session, uint32_t pin_cell, ObjectRef ref) override {
    pins[{session, pin_cell}] = {make_pin(ref.slot, ref.generation), session};
  }
  std::string describe(SessionId session) const override { return std::to_string(session); }
  int32_t pid(SessionId) const override { return 1; }

  std::map<std::pair<SessionId, uint32_t>, Answer> answers;
  std::map<std::pair<SessionId, uint32_t>, HeldPin> pins;
};

struct WholeNodeOptions {
  uint64_t arena_bytes = 64 * 1024;
  uint32_t slots = 256;
  PullOptions pull{};
  // Its storage, which outlives it; null: it has none.
  FakeDisk* disk = nullptr;
  StorageOptions storage{};
};

inline std::string address_of(uint32_t node) { return "node:" + std::to_string(node); }

class WholeNode {
 public:
  static constexpr const char* kDirectory = "directory:1";

  WholeNode(directory::FakeNetwork& network, FakeFabric& fabric, SourceNode self,
            const WholeNodeOptions& options, uint64_t seed, uint64_t now_ns)
      : self_(self),
        table_(ObjectTable::create({.slot_count = options.slots,
                                    .incarnation = self.incarnation,
                                    .arena_bytes = options.arena_bytes})
                   .value()),
        arena_(options.arena_bytes),
        staging_(session::kStagingBlockBytes),
        to_directory_(network, address_of(self.node) + "/directory"),
        to_nodes_(network, address_of(self.node)),
        reads_(fabric, self),
        readers_(clients, pins_, spill_pins_),
        store(table_, options.arena_bytes, readers_),
        admission_(store),
        service(store, admission_, readers_, clients, arena_),
        tier(options.disk != nullptr ? std::make_unique<FakeTier>(*options.disk) : nullptr),
        storage(make_storage(options)),
        objects({.store = store,
                 .admission = admission_,
                 .pins = pins_,
                 .arena = arena_,
                 .to_directory = to_directory_,
                 .to_nodes = to_nodes_,
                 .news = service},
                remote_options(self, options, seed), now_ns) {
    to_directory_.set_handler(objects.directory_handler());
    to_nodes_.set_handler(objects.node_handler());
    reads_.attach(objects.read_completions(), objects.read_source(), arena_);
    objects.attach(reads_);
    service.set_elsewhere(objects);
    if (storage) start_storage(*options.disk);
    now_ns_ = now_ns;
  }

  SourceNode self() const { return self_; }
  void freeze(bool frozen) {
    frozen_ = frozen;
    to_directory_.frozen = to_nodes_.frozen = frozen;
    reads_.set_frozen(frozen);
  }

  void step(uint64_t now_ns) {
    if (frozen_) return;
    now_ns_ = now_ns;
    reads_.step(now_ns);
    if (tier) tier->complete(disk_completions_max);
    if (storage) storage->step(now_ns);
    objects.step(now_ns);
    service.advance(now_ns);
    if (storage) storage->step(now_ns);
    objects.step(now_ns);
  }

  // ---- a client of session 1 -------------------------------------------------------------------
  // Ends with answer(tag).
  uint32_t ask(const Operation& operation) {
    const uint32_t tag = next_tag_++;
    service.handle({1, false, staging_}, tag, operation, now_ns_);
    return tag;
  }
  // Null: not yet.
  const FakeClients::Answer* answer(uint32_t tag) const {
    const auto found = clients.answers.find({1, tag});
    return found == clients.answers.end() ? nullptr : &found->second;
  }
  // False: no room, or it exists.
  bool put(const ObjectId& id, std::span<const std::byte> data) {
    const auto created =
        store.create({.id = id, .data_bytes = data.size(), .metadata_bytes = 0, .creator = 1});
    if (!created) return false;
    std::ranges::copy(data, arena_.begin() + static_cast<ptrdiff_t>(created->offset));
    const auto sealed = store.seal(created->ref, 1);
    service.on_pulled(*sealed);
    return true;
  }
  // What a client writes into what it created.
  void fill(uint64_t offset, std::span<const std::byte> data) {
    std::ranges::copy(data, arena_.begin() + static_cast<ptrdiff_t>(offset));
  }
  // The bytes of a get that was answered with kOk; the view is released with its cell.
  std::span<const std::byte> bytes(const FakeClients::Answer& answer) const {
    return std::span(arena_).subspan(answer.completion.offset, answer.completion.data_bytes);
  }
  void release(uint32_t pin_cell) {
    clients.pins.erase({1, pin_cell});
    service.on_bell();
  }

 private:
  std::unique_ptr<Storage> make_storage(const WholeNodeOptions& options) {
    if (!tier) return nullptr;
    return std::make_unique<Storage>(StorageParts{.store = store,
                                                  .admission = admission_,
                                                  .pins = spill_pins_,
                                                  .arena = arena_,
                                                  .tier = *tier,
                                                  .news = service,
                                                  .origin_of =
                                                      [this](const Placement& placement) {
                                                        return shape_of(placement, self_).origin;
                                                      }},
                                     options.storage);
  }
  void start_storage(const FakeDisk& disk) {
    tier->attach(*storage);
    for (const FoundRecord& record : disk.found()) storage->found(record);
    service.set_storage(*storage);
    objects.set_storage(*storage);
  }
  static RemoteOptions remote_options(SourceNode self, const WholeNodeOptions& options,
                                      uint64_t seed) {
    RemoteOptions result;
    result.pull = options.pull;
    result.seed = seed;
    result.directory.link.address = kDirectory;
    result.directory.node = {.node = self,
                             .address = address_of(self.node),
                             .arena_bytes = options.arena_bytes,
                             .arena_info = {}};
    return result;
  }

  const SourceNode self_;
  ObjectTable table_;
  std::vector<std::byte> arena_;
  std::vector<std::byte> staging_;
  directory::FakeEndpoint to_directory_;
  directory::FakeEndpoint to_nodes_;
  FakeReads reads_;
  DaemonPins pins_;
  DaemonPins spill_pins_{kSpillSession};

 public:
  FakeClients clients;

 private:
  AllReaders readers_;

 public:
  ObjectStore store;

 private:
  Admission admission_;

 public:
  LocalService service;
  std::unique_ptr<FakeTier> tier;
  std::unique_ptr<Storage> storage;  // ends after `objects`, which watches it
  RemoteObjects objects;
  size_t disk_completions_max = SIZE_MAX;  // in one step

 private:
  uint64_t now_ns_ = 0;
  uint32_t next_tag_ = 1;
  bool frozen_ = false;
};

}  // namespace obj::sim
