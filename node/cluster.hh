// SPDX-License-Identifier: Apache-2.0
// node/cluster.hh -- the node's network: its fabric, its place in the directory, and the directory
// itself if it runs one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "base/reactor.hh"
#include "node/cold_storage.hh"
#include "node/config.hh"
#include "node/data_plane.hh"
#include "node/elsewhere.hh"
#include "node/remote/daemon_pins.hh"
#include "node/remote/remote_objects.hh"
#include "node/same_host/memory_door.hh"
#include "node/same_host/same_host_counts.hh"
#include "store/admission.hh"
#include "store/object_store.hh"
#include "store/object_table.hh"

namespace obj {

// The parts of the node that the cluster works on.
struct ClusterParts {
  ObjectStore& store;
  Admission& admission;
  DaemonPins& pins;
  std::span<std::byte> arena;
  const ObjectTable& table;
  OwnMemory memory;  // for neighbours
  ElsewhereNews& news;
  ColdStorage* storage;  // null: there is none
};

// Lifetime: all parts and the reactor must outlive it.
// Threads:  the reactor thread; an embedded directory has one of its own.
class Cluster {
 public:
  // Listens, and starts to look for the directory in the background. On failure: a sentence with
  // cause and mend.
  static std::expected<std::unique_ptr<Cluster>, std::string> start(const ClusterConfig& config,
                                                                    uint64_t incarnation,
                                                                    const ClusterParts& parts,
                                                                    Reactor& reactor);
  ~Cluster();

  Elsewhere& elsewhere();
  RemoteObjects& objects();

  // See RemoteObjects.
  void step(uint64_t now_ns);
  uint64_t next_step_ns();
  void stop(uint64_t now_ns);
  size_t reads_in_flight() const;

  void set_pull_bandwidth(const PullBandwidth& bandwidth);

  // For people.
  SourceNode self() const;
  const std::string& address() const;            // where other nodes reach this one
  const std::string& directory_address() const;  // of the directory, embedded or not
  bool has_directory() const;                    // it is embedded
  std::string transport_text() const;
  SameHostCounts same_host() const;
  std::vector<ReadPath> read_paths() const;

 private:
  class Impl;
  explicit Cluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace obj
