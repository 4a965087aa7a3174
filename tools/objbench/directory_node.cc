// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/directory_node.hh"

#include <unistd.h>

#include <cstring>

#include "base/clock.hh"
#include "base/error.hh"

namespace objbench {
namespace {

using obj::Service;
using namespace obj::directory;

// Nodes draw theirs at random; one of a few million is as good.
constexpr uint32_t kNodeBase = 1u << 24;
constexpr uint64_t kObjectBytes = 4096;
constexpr uint64_t kOffsets = 1024;

// Spread over all bits, as random ids are, and computed from a number.
obj::ObjectId id_of(uint64_t number) {
  uint64_t words[2];
  words[0] = (number + 1) * 0x9e3779b97f4a7c15;
  words[1] = (words[0] ^ words[0] >> 29) * 0xbf58476d1ce4e5b9;
  obj::ObjectId id;
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

Copy copy_of(uint64_t number, uint64_t generation) {
  return {.offset = number % kOffsets * kObjectBytes,
          .generation = generation,
          .slot = static_cast<uint32_t>(number),
          .state = CopyState::kSealed,
          .role = CopyRole::kPrimary};
}

}  // namespace

Outcome<std::unique_ptr<DirectoryNode>> DirectoryNode::join(const std::string& address) {
  const obj::SourceNode self{kNodeBase + static_cast<uint32_t>(::getpid()), obj::monotonic_ns()};
  obj::UcxFabricOptions fabric_options;
  fabric_options.self = self;
  auto fabric = obj::UcxFabric::create(fabric_options);
  if (!fabric) return std::unexpected(std::string("UCX: ") + fabric.error().where);

  std::unique_ptr<DirectoryNode> node(new DirectoryNode);
  node->fabric_ = std::move(*fabric);
  DirectoryClientOptions options;
  options.link.address = address;
  options.node = {.node = self,
                  .address = "127.0.0.1:1",
                  .arena_bytes = (kOffsets + 1) * kObjectBytes,  // the last has metadata too
                  .arena_info = {}};
  options.cache_entries_max = 0;  // each lookup is asked
  DirectoryClientOwner& owner = *node;
  node->client_ = std::make_unique<DirectoryClient>(node->fabric_->transport(Service::kDirectory),
                                                    owner, options, 1, obj::monotonic_ns());
  node->fabric_->attach(Service::kDirectory, *node->client_);
  OBJBENCH_DO(node->turn_until([&] { return node->client_->caught_up(); }));
  return node;
}

template <class Done>
Outcome<void> DirectoryNode::turn_until(Done&& done) {
  const uint64_t until_ns = obj::monotonic_ns() + kPatienceNs;
  while (!done()) {
    const uint64_t now_ns = obj::monotonic_ns();
    if (now_ns > until_ns) return std::unexpected("the directory did not answer in 20 s");
    fabric_->progress(64);
    fabric_->step(now_ns);
    client_->step(now_ns);
  }
  return {};
}

Outcome<void> DirectoryNode::report(uint64_t first, uint64_t count, uint64_t generation) {
  for (uint64_t number = first; number < first + count; number++) {
    client_->report(id_of(number), {.data_bytes = kObjectBytes, .metadata_bytes = 8, .origin = 1},
                    copy_of(number, generation));
  }
  OBJBENCH_DO(turn_until([this] { return client_->caught_up(); }));
  if (client_->reports_refused() > 0) return std::unexpected("the directory refused reports");
  return {};
}

Outcome<void> DirectoryNode::look_up(uint64_t first, uint64_t count, uint64_t stride,
                                     uint64_t objects) {
  const uint64_t answered = found_ + missed_ + count;
  for (uint64_t n = 0; n < count; n++) {
    const obj::ObjectId id = id_of((first + n * stride) % objects);
    if (!client_->lookup(id, 1, obj::kForeverNs)) return std::unexpected("too many lookups");
  }
  OBJBENCH_DO(turn_until([&] { return found_ + missed_ == answered; }));
  if (missed_ > 0) return std::unexpected("the directory did not find an object that it was told");
  return {};
}

}  // namespace objbench
