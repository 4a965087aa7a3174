// SPDX-License-Identifier: Apache-2.0
// node/config.hh -- what an operator can choose about one node.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/session/layout.hh"
#include "fabric/pull/pull_class.hh"
#include "fabric/pull/pull_options.hh"
#include "spill/segment_format.hh"
#include "store/arena.hh"

namespace obj {

// A setting as `objd --print-config` and `objctl status` show it.
struct ShownSetting {
  std::string key;
  std::string value;
  std::string origin;  // "default", "environment NAME", "flag", or the configuration file's path
};

// Bytes per second of pulls to this node; 0: no limit. What can be changed while it runs.
struct PullBandwidth {
  uint64_t all = 0;
  PerClass<uint64_t> of_class;
};

// What reads of other nodes go over. kAuto: RDMA verbs to nodes where that works, UCX to the rest.
enum class Transport : uint8_t { kAuto, kVerbs, kUcx };

// Being one node of many.
struct ClusterConfig {
  std::string listen;            // HOST:PORT for other nodes; empty: this node is alone
  std::string directory;         // HOST:PORT of the directory; empty: this node runs one
  std::string directory_listen;  // HOST:PORT of that one; empty: host of `listen`, its port + 1
  std::string secret;            // that all nodes share; empty: whoever reaches the port is let in
  uint32_t node_id = 0;          // 0: drawn from the address
  std::string net_devices;       // UCX_NET_DEVICES; empty: as the environment says
  Transport transport = Transport::kAuto;
  std::string rdma_device;         // ports for verbs, e.g. "mlx5_0:1"; empty: one, chosen
  uint8_t rdma_traffic_class = 0;  // of RoCEv2 packets
  PullOptions pull;
  PullBandwidth pull_bandwidth;
  bool same_host = true;        // daemons on one host read from each other's memory
  uint32_t heartbeat_ms = 200;  // a peer that misses three is dead

  bool is_alone() const { return listen.empty(); }
};

// Where objects go when memory runs short.
struct SpillConfig {
  std::vector<std::string> directories;  // absolute paths; empty: objects live in memory only
  double threshold = 0.8;                // of the arena not clean: spilling begins
  double low_watermark = 0.7;            // and ends
  uint64_t min_spilling_size = 1 << 20;  // less is not written before somebody waits
  uint32_t max_fused_object_count = 2000;
  double capacity_threshold = 0.95;  // of a file system: fuller than this, nothing is written
  SpillCodec compression = SpillCodec::kNone;
  uint32_t copies = 1;  // 2: a second one in another directory
  uint32_t oom_grace_period_s = 2;
  bool drain_to_disk = false;  // at a clean end

  bool is_wanted() const { return !directories.empty(); }
};

struct NodeConfig {
  std::string socket_path;
  uint32_t socket_mode = 0660;
  uint64_t object_store_memory_bytes = 0;  // a multiple of 2 MiB; 0: default_arena_bytes()
  HugePages huge_pages = HugePages::kAuto;
  bool huge_pages_reserve = false;
  uint32_t objects_max = 1u << 20;
  uint32_t poll_us = 50;
  uint32_t sessions_max = 1024;
  uint32_t client_requests_max = session::kRequestsMax;  // a power of two
  uint32_t client_pins_max = session::kPinsMax;
  ClusterConfig cluster;
  SpillConfig spill;

  std::vector<ShownSetting> shown;  // for people; not read by the node
};

}  // namespace obj
