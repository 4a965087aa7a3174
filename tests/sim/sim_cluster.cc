// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_cluster.hh"

#include <algorithm>

namespace obj::sim {

ObjectShape sim_shape(uint64_t data_bytes, uint32_t metadata_bytes, uint32_t origin) {
  const uint64_t transfer_bytes =
      metadata_bytes == 0 ? data_bytes : (data_bytes + 7) / 8 * 8 + metadata_bytes;
  return {.data_bytes = data_bytes,
          .metadata_bytes = metadata_bytes,
          .origin = origin,
          .transfer_bytes = transfer_bytes,
          .extent_bytes = std::max<uint64_t>(64, (transfer_bytes + 63) / 64 * 64)};
}

SimCluster::SimCluster(const ClusterOptions& options, uint64_t seed)
    : options_(options),
      jitter_(seed),
      fabric_(queue_, options.fabric, jitter_.next(), violation_),
      directory_(queue_, options.directory, jitter_.next(),
                 [this](uint32_t node, const ObjectId& id, const ObjectRecord& record) {
                   send_record(node, id, record);
                 }) {
  for (uint32_t number = 0; number < options.nodes; number++) {
    nodes_.push_back(
        std::make_unique<SimNode>(number, options.node, queue_, fabric_, *this, violation_));
    nodes_.back()->start(next_incarnation_++, jitter_.next());
  }
}

// ---- faults -------------------------------------------------------------------------------------

void SimCluster::kill(uint32_t number) {
  const SourceNode dead = node(number).self();
  node(number).kill();
  queue_.after(options_.death_noticed_ns, [this, dead] {
    directory_.declare_dead(dead);
    for (uint32_t other = 0; other < nodes(); other++) {
      to_node(other, [dead](SimNode& told) { told.on_node_down(dead); });
    }
  });
}

void SimCluster::restart(uint32_t number) {
  directory_.declare_dead(node(number).self());
  node(number).start(next_incarnation_++, jitter_.next());
}

void SimCluster::freeze(uint32_t number, uint64_t duration_ns) {
  fabric_.port(number).frozen_until_ns = now_ns() + duration_ns;
}

void SimCluster::refuse(uint32_t number, uint64_t duration_ns) {
  fabric_.port(number).refuses_until_ns = now_ns() + duration_ns;
}

// ---- time ---------------------------------------------------------------------------------------

void SimCluster::run_for(uint64_t duration_ns) {
  run_until([] { return false; }, duration_ns);
}

bool SimCluster::run_until(const std::function<bool()>& condition, uint64_t duration_ns,
                           uint64_t look_ns) {
  const uint64_t end_ns = now_ns() + duration_ns;
  uint64_t next_look_ns = now_ns();
  bool is_over = false;
  queue_.at(end_ns, [] {});  // so that there is an event at the end
  while (!is_over && !violation_.text()) {
    if (now_ns() >= next_look_ns) {
      if (condition()) return true;
      next_look_ns = now_ns() + look_ns;
    }
    queue_.run_next();
    is_over = now_ns() >= end_ns;
  }
  return condition();
}

// ---- messages -----------------------------------------------------------------------------------

// Late by chance, but in the order sent.
uint64_t SimCluster::arrival_ns(uint64_t& last_ns) {
  last_ns = std::max(last_ns, now_ns() + jitter_.between(1000, options_.message_ns_max));
  return last_ns;
}

void SimCluster::to_directory(uint32_t number, std::function<void()> deliver) {
  queue_.at(arrival_ns(last_to_directory_ns_[number]), std::move(deliver));
}

void SimCluster::to_node(uint32_t number, std::function<void(SimNode&)> deliver) {
  const uint64_t at_ns = arrival_ns(last_to_node_ns_[number]);
  queue_.at(at_ns, [this, number, self = node(number).self(), deliver = std::move(deliver)] {
    if (node(number).is_up() && node(number).self() == self) deliver(node(number));
  });
}

void SimCluster::subscribe(uint32_t number, const ObjectId& id) {
  to_directory(number, [this, number, id, self = node(number).self()] {
    if (node(number).is_up() && node(number).self() == self) directory_.subscribe(number, id);
  });
}

void SimCluster::unsubscribe(uint32_t number, const ObjectId& id) {
  to_directory(number, [this, number, id] { directory_.unsubscribe(number, id); });
}

void SimCluster::report(const ObjectId& id, const ObjectShape& shape, const Source& copy) {
  to_directory(copy.node.node, [this, id, shape, copy] { directory_.report(id, shape, copy); });
}

void SimCluster::withdraw(const ObjectId& id, SourceNode holder) {
  to_directory(holder.node, [this, id, holder] { directory_.withdraw(id, holder); });
}

void SimCluster::send_record(uint32_t number, const ObjectId& id, const ObjectRecord& record) {
  to_node(number, [id, record](SimNode& told) { told.on_record(id, record); });
}

}  // namespace obj::sim
