// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_fabric.hh"

#include <algorithm>

namespace obj::sim {

namespace {
constexpr uint32_t kPieces = 3;
constexpr uint64_t kHurryNs = 2'000'000;
}  // namespace

SimFabric::Port& SimFabric::port(uint32_t node) {
  std::unique_ptr<Port>& port = ports_[node];
  if (port == nullptr) port = std::make_unique<Port>();
  return *port;
}

SimFabric::PartKey SimFabric::key_of(const Part& part) {
  return {part.reader, uint64_t{part.ticket.pull} << 32 | part.ticket.part};
}

void SimFabric::post(uint32_t reader, const pull_action::PostRead& read) {
  reads_posted_++;
  start({.reader = reader,
         .ticket = read.ticket,
         .id = read.id,
         .source = read.source,
         .source_offset = read.source.offset + read.object_offset,
         .destination_offset = read.destination_offset,
         .size_bytes = read.size_bytes,
         .pieces_left = kPieces});
}

void SimFabric::post(uint32_t reader, const pull_action::PostCheck& check) {
  start({.reader = reader,
         .ticket = check.ticket,
         .id = check.id,
         .source = check.source,
         .is_check = true,
         .pieces_left = 2});
}

void SimFabric::start(Part part) {
  Port& source = port(part.source.node.node);
  part.fails = options_.error_one_in > 0 && jitter_.next() % options_.error_one_in == 0;
  const uint64_t rate = std::max<uint64_t>(1, options_.bytes_per_s / source.slowness);
  const uint64_t sending_ns = part.size_bytes * 1'000'000'000 / rate;
  source.busy_until_ns = std::max(source.busy_until_ns, queue_.now_ns()) + sending_ns;
  part.serial = next_serial_++;
  step_at(source.busy_until_ns + jitter_.between(1000, options_.latency_ns_max), part);
  if (!parts_.emplace(key_of(part), part).second) {
    violation_.note("tickets: one was posted twice");
  }
}

void SimFabric::step_at(uint64_t at_ns, const Part& part) {
  queue_.at(at_ns, [this, key = key_of(part), serial = part.serial] { step(key, serial); });
}

bool SimFabric::is_up(const Source& source) {
  const Port& at = port(source.node.node);
  return at.store != nullptr && at.self == source.node;
}

// One more piece, the completion, or, where the source is silent, another look later.
void SimFabric::step(PartKey key, uint64_t serial) {
  const auto found = parts_.find(key);
  if (found == parts_.end() || found->second.serial != serial) return;
  Part& part = found->second;
  const Port& source = port(part.source.node.node);
  if (!is_up(part.source)) {
    const uint64_t noticed_ns = source.died_at_ns + options_.silence_noticed_ns;
    if (queue_.now_ns() >= noticed_ns) {
      return complete(key, Error{ErrorCode::kDisconnected, 0, "silence"});
    }
    return step_at(noticed_ns, part);
  }
  if (queue_.now_ns() < source.frozen_until_ns) {
    return step_at(source.frozen_until_ns + jitter_.between(0, options_.latency_ns_max), part);
  }
  if (queue_.now_ns() < source.refuses_until_ns) {
    return complete(key, Error{ErrorCode::kSystem, 5, "refused"});
  }
  move_piece(part);
  part.pieces_left--;
  const bool fails_now = part.fails && (part.pieces_left == 0 || jitter_.next() % 2 == 0);
  if (fails_now) return complete(key, Error{ErrorCode::kSystem, 5, "injected"});
  if (part.pieces_left == 0) return complete(key, std::nullopt);
  step_at(queue_.now_ns() + jitter_.between(0, options_.latency_ns_max), part);
}

void SimFabric::move_piece(Part& part) {
  if (part.is_check) {
    // An empty slot has another generation, like any slot that was given up.
    const SimStore& store = *port(part.source.node.node).store;
    if (part.pieces_left == 2) part.seen = store.look(part.source.slot).value_or(SlotSighting{});
    return;
  }
  const uint64_t left = part.size_bytes - part.pieces_done_bytes;
  // An owner that vouches for the bytes takes them in one instant, under its pin.
  const bool all = part.pieces_left == 1 || options_.owner_proves;
  const uint64_t piece = all ? left : left / part.pieces_left;
  SimStore& from = *port(part.source.node.node).store;
  SimStore& to = *port(part.reader).store;
  const uint64_t at = part.source_offset + part.pieces_done_bytes;
  if (from.is_in_arena(at, piece)) {
    std::ranges::copy(from.bytes(at, piece),
                      to.bytes(part.destination_offset + part.pieces_done_bytes, piece).begin());
  } else {
    part.fails = true;
  }
  part.pieces_done_bytes += piece;
  if (all) part.pieces_left = 1;
}

void SimFabric::complete(PartKey key, const std::optional<Error>& error) {
  const Part part = parts_.at(key);
  parts_.erase(key);
  const Port& reader = port(part.reader);
  const Port& source = port(part.source.node.node);
  if (error) {
    if (part.is_check) return reader.on_check_done(part.ticket, std::unexpected(*error));
    return reader.on_read_done(part.ticket, std::unexpected(*error));
  }
  if (part.is_check) return reader.on_check_done(part.ticket, part.seen);
  const std::optional<SlotSighting> seen = source.store->look(part.source.slot);
  bytes_read_from_[part.source.node.node] += part.size_bytes;
  if (!options_.owner_proves) return reader.on_read_done(part.ticket, ReadProof::kNone);
  const bool same = seen && seen->id == part.id && seen->generation == part.source.generation &&
                    seen->offset == part.source.offset &&
                    part.source_offset + part.size_bytes <= seen->offset + seen->ready_bytes;
  if (same) return reader.on_read_done(part.ticket, ReadProof::kSameGeneration);
  reader.on_read_done(part.ticket, std::unexpected(Error{ErrorCode::kStale, 0, "owner"}));
}

void SimFabric::hurry(uint32_t reader, ReadTicket ticket) {
  const PartKey key{reader, uint64_t{ticket.pull} << 32 | ticket.part};
  const auto found = parts_.find(key);
  if (found == parts_.end()) return;
  queue_.after(jitter_.between(1, kHurryNs), [this, key, serial = found->second.serial] {
    const auto still = parts_.find(key);
    if (still == parts_.end() || still->second.serial != serial) return;
    complete(key, Error{ErrorCode::kCancelled, 0, "hurried"});
  });
}

void SimFabric::on_memory_freed(uint32_t reader, uint64_t offset, uint64_t size_bytes) {
  for (auto part = parts_.lower_bound({reader, 0});
       part != parts_.end() && part->first.first == reader; ++part) {
    const Part& posted = part->second;
    const bool overlaps = !posted.is_check && posted.destination_offset < offset + size_bytes &&
                          offset < posted.destination_offset + posted.size_bytes;
    if (overlaps) violation_.note("destination: memory under a posted read was given back");
  }
}

void SimFabric::on_reader_died(uint32_t reader) {
  std::erase_if(parts_, [&](const auto& entry) { return entry.first.first == reader; });
}

uint64_t SimFabric::bytes_read_from(uint32_t node) const {
  const auto found = bytes_read_from_.find(node);
  return found == bytes_read_from_.end() ? 0 : found->second;
}

}  // namespace obj::sim
