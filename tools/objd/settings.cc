// SPDX-License-Identifier: Apache-2.0
#include "tools/objd/settings.hh"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <map>
#include <vector>

#include "base/default_socket.hh"
#include "node/size_text.hh"
#include "tools/daemon/log_settings.hh"
#include "tools/daemon/secret_file.hh"
#include "tools/daemon/setting.hh"

namespace obj {
namespace {

constexpr uint64_t kArenaGranule = uint64_t{2} << 20;

Problem apply_memory(const std::string& text, NodeConfig& node) {
  uint64_t bytes = 0;
  if (text.ends_with('%')) {
    uint32_t percent = 0;
    if (const Problem problem = apply_number(text.substr(0, text.size() - 1), 1, 95, percent)) {
      return "must be 1% to 95%, or a size";
    }
    bytes = usable_memory_bytes() / 100 * percent;
  } else {
    const auto size = parse_size(text);
    if (!size) return size.error();
    bytes = *size;
  }
  bytes -= bytes % kArenaGranule;
  if (bytes == 0) return "must be at least 2 MiB";
  node.object_store_memory_bytes = bytes;
  return {};
}

Problem apply_mode(const std::string& text, NodeConfig& node) {
  uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777) {
    return "must be an octal file mode such as 0660";
  }
  node.socket_mode = mode;
  return {};
}

Problem apply_size(const std::string& text, uint64_t least, uint64_t most, uint64_t& target) {
  const auto size = parse_size(text);
  if (!size) return size.error();
  if (*size < least || *size > most) {
    return "must be a size from " + size_text(least) + " to " + size_text(most);
  }
  target = *size;
  return {};
}

Problem apply_chunk_size(const std::string& text, PullOptions& pull) {
  uint64_t bytes = 0;
  if (const Problem problem = apply_size(text, 4096, uint64_t{1} << 30, bytes)) return problem;
  pull.object_chunk_size = static_cast<uint32_t>(bytes);
  return {};
}

// "HOST:PORT", "[V6]:PORT", or nothing.
Problem apply_address(const std::string& text, std::string& target) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  const bool has_host = colon != std::string::npos && colon > 0;
  if (!text.empty() &&
      (!has_host || apply_number(text.substr(colon + 1), 0, UINT16_MAX, port).has_value())) {
    return "must be HOST:PORT, such as 10.0.0.7:7461";
  }
  target = text;
  return {};
}

Problem apply_secret_file(const std::string& path, ClusterConfig& cluster) {
  if (path.empty()) return {};
  auto secret = read_secret_file(path);
  if (!secret) return secret.error();
  cluster.secret = std::move(*secret);
  return {};
}

Setting bandwidth_setting(const std::string& key, const std::string& whose, uint64_t& target) {
  return {key, "bytes per second of " + whose + "; 0: no limit", "0",
          [&target](const std::string& value) {
            return apply_size(value, 0, uint64_t{1} << 50, target);
          }};
}

// Being one node of many.
std::vector<Setting> cluster_settings_of(ClusterConfig& cluster) {
  static const std::map<std::string, Transport> kTransports{
      {"auto", Transport::kAuto}, {"verbs", Transport::kVerbs}, {"ucx", Transport::kUcx}};
  return {
      {"listen", "HOST:PORT for other nodes, port 0: any free one; empty: this node is alone", "",
       [&](const std::string& value) { return apply_address(value, cluster.listen); }},
      {"directory", "HOST:PORT of the directory; empty: this objd runs one", "",
       [&](const std::string& value) { return apply_address(value, cluster.directory); }},
      {"directory_listen",
       "HOST:PORT of the directory that this objd runs; empty: the port after that of `listen`", "",
       [&](const std::string& value) { return apply_address(value, cluster.directory_listen); }},
      {"secret_file", "file with the cluster's secret; empty: whoever reaches the port is let in",
       "", [&](const std::string& value) { return apply_secret_file(value, cluster); }},
      {"node_id", "number of this node in the cluster; 0: drawn from its address", "0",
       [&](const std::string& value) {
         return apply_number(value, 0, UINT32_MAX, cluster.node_id);
       }},
      {"net_devices", "network devices to use (UCX_NET_DEVICES); empty: all", "",
       [&](const std::string& value) -> Problem {
         cluster.net_devices = value;
         return {};
       }},
      {"same_host",
       "with transport auto: read from the memory of daemons on this host: auto or off", "auto",
       [&](const std::string& value) {
         static const std::map<std::string, bool> kSameHost{{"auto", true}, {"off", false}};
         return apply_choice(value, kSameHost, cluster.same_host);
       }},
      {"transport", "what reads of other nodes go over: auto, verbs (RDMA) or ucx", "auto",
       [&](const std::string& value) {
         return apply_choice(value, kTransports, cluster.transport);
       }},
      {"rdma_device",
       "ports for verbs: mlx5_0, mlx5_0:1, several with commas, all; empty: one, chosen by objd",
       "",
       [&](const std::string& value) -> Problem {
         cluster.rdma_device = value;
         return {};
       }},
      {"rdma_traffic_class", "traffic class of RoCEv2 packets (DSCP << 2), as the network wants it",
       "0",
       [&](const std::string& value) {
         uint32_t number = 0;
         if (Problem problem = apply_number(value, 0, 255, number)) return problem;
         cluster.rdma_traffic_class = static_cast<uint8_t>(number);
         return Problem();
       }},
      {"object_chunk_size", "how much of an object one read brings", "1M",
       [&](const std::string& value) { return apply_chunk_size(value, cluster.pull); }},
      {"max_bytes_in_flight", "bytes that reads of other nodes may have under way", "256M",
       [&](const std::string& value) {
         return apply_size(value, 1 << 16, uint64_t{1} << 40, cluster.pull.max_bytes_in_flight);
       }},
      {"pull_timeout_ms", "a source that delivers nothing for so long is left for another", "10000",
       [&](const std::string& value) {
         return apply_number(value, 10, 3'600'000, cluster.pull.pull_timeout_ms);
       }},
      bandwidth_setting("pull_bandwidth", "all pulls to this node", cluster.pull_bandwidth.all),
      bandwidth_setting("pull_bandwidth_get", "pulls that gets wait for",
                        cluster.pull_bandwidth.of_class[PullClass::kGet]),
      bandwidth_setting("pull_bandwidth_wait", "pulls that obj_wait() waits for",
                        cluster.pull_bandwidth.of_class[PullClass::kWait]),
      bandwidth_setting("pull_bandwidth_prefetch", "prefetches and what others push",
                        cluster.pull_bandwidth.of_class[PullClass::kPrefetch]),
      {"heartbeat_ms", "how often idle peers are asked for a sign of life", "200",
       [&](const std::string& value) {
         return apply_number(value, 10, 60'000, cluster.heartbeat_ms);
       }},
  };
}

// "/nvme0/objd,/nvme1/objd"
Problem apply_directories(const std::string& text, std::vector<std::string>& target) {
  target.clear();
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    const std::string path = text.substr(start, end - start);
    if (!path.starts_with('/')) return "must be absolute paths, separated by commas";
    if (std::ranges::find(target, path) != target.end()) return "names " + path + " twice";
    target.push_back(path);
    start = end + 1;
  }
  return {};
}

// 0.8, or 80%.
Problem apply_share(const std::string& text, double& target) {
  const bool is_percent = text.ends_with('%');
  const char* const end = text.data() + text.size() - (is_percent ? 1 : 0);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (is_percent) value /= 100;
  if (error != std::errc{} || stop != end || !(value > 0 && value <= 1)) {
    return "must be a share such as 0.8 or 80%";
  }
  target = value;
  return {};
}

Problem apply_low_watermark(const std::string& text, SpillConfig& spill) {
  double low = 0;
  if (const Problem problem = apply_share(text, low)) return problem;
  if (low > spill.threshold) return "must not be above object_spilling_threshold";
  spill.low_watermark = low;
  return {};
}

std::vector<Setting> spill_settings_of(SpillConfig& spill,
                                       const std::map<std::string, bool>& booleans) {
  static const std::map<std::string, SpillCodec> kCodecs{
      {"none", SpillCodec::kNone}, {"lz4", SpillCodec::kLz4}, {"zstd", SpillCodec::kZstd}};
  return {
      {"spill_directory",
       "directories for objects that leave memory, by commas; empty: they are evicted for good", "",
       [&](const std::string& value) { return apply_directories(value, spill.directories); }},
      {"object_spilling_threshold", "share of the arena that only memory holds: spilling begins",
       "0.8", [&](const std::string& value) { return apply_share(value, spill.threshold); }},
      {"object_spilling_low_watermark", "the same, at which it ends", "0.7",
       [&](const std::string& value) { return apply_low_watermark(value, spill); }},
      {"min_spilling_size", "less than this is not spilled before somebody waits for memory", "1M",
       [&](const std::string& value) {
         return apply_size(value, 0, uint64_t{1} << 40, spill.min_spilling_size);
       }},
      {"max_fused_object_count", "small objects written together at most", "2000",
       [&](const std::string& value) {
         return apply_number(value, 1, 1'000'000, spill.max_fused_object_count);
       }},
      {"local_fs_capacity_threshold",
       "share of a file system beyond which nothing is spilled to it", "0.95",
       [&](const std::string& value) { return apply_share(value, spill.capacity_threshold); }},
      {"spill_compression", "none, lz4 or zstd: objects below 1 MiB that get smaller by it", "none",
       [&](const std::string& value) { return apply_choice(value, kCodecs, spill.compression); }},
      {"spill_copies", "2: each object in two of the directories", "1",
       [&](const std::string& value) { return apply_number(value, 1, 2, spill.copies); }},
      {"oom_grace_period_s", "how long a create waits for storage that fails", "2",
       [&](const std::string& value) {
         return apply_number(value, 0, 3600, spill.oom_grace_period_s);
       }},
      {"drain_to_disk", "at a clean end, spill all that only memory holds", "false",
       [&, booleans](const std::string& value) {
         return apply_choice(value, booleans, spill.drain_to_disk);
       }},
  };
}

std::vector<Setting> settings_of(ObjdCommand& command) {
  NodeConfig& node = command.node;
  static const std::map<std::string, bool> kBooleans{
      {"true", true}, {"false", false}, {"on", true}, {"off", false}, {"yes", true}, {"no", false}};
  static const std::map<std::string, HugePages> kHugePages{{"auto", HugePages::kAuto},
                                                           {"off", HugePages::kOff},
                                                           {"transparent", HugePages::kTransparent},
                                                           {"2M", HugePages::k2M},
                                                           {"1G", HugePages::k1G}};
  std::vector<Setting> all{
      {"socket", "Unix socket on which clients connect", default_socket_path(),
       [&](const std::string& value) -> Problem {
         if (value.empty()) return "must be a path";
         node.socket_path = value;
         return {};
       },
       std::getenv("OBJD_SOCKET") != nullptr ? "environment OBJD_SOCKET" : "default"},
      {"socket_mode", "file mode of the socket, octal: who may connect", "0660",
       [&](const std::string& value) { return apply_mode(value, node); }},
      {"object_store_memory", "size of the arena: bytes, 8G, or 30% of memory", "30%",
       [&](const std::string& value) { return apply_memory(value, node); }},
      {"huge_pages", "auto, off, transparent, 2M or 1G", "auto",
       [&](const std::string& value) { return apply_choice(value, kHugePages, node.huge_pages); }},
      {"huge_pages_reserve", "raise vm.nr_overcommit_hugepages if the pool is too small", "false",
       [&](const std::string& value) {
         return apply_choice(value, kBooleans, node.huge_pages_reserve);
       }},
      {"objects_max", "objects that the table holds, up to 10000000", "1048576",
       [&](const std::string& value) {
         return apply_number(value, 16, 10'000'000, node.objects_max);
       }},
      {"poll_us", "how long to poll after the last request before sleeping", "50",
       [&](const std::string& value) { return apply_number(value, 0, 1'000'000, node.poll_us); }},
      {"sessions_max", "clients connected at once", "1024",
       [&](const std::string& value) { return apply_number(value, 1, 65536, node.sessions_max); }},
      {"client_requests_max", "operations in flight that one client may ask for", "65536",
       [&](const std::string& value) {
         return apply_power_of_two(value, session::kRequestsMin, session::kRequestsMax,
                                   node.client_requests_max);
       }},
      {"client_pins_max", "views at once that one client may ask for", "1048576",
       [&](const std::string& value) {
         return apply_number(value, 1, session::kPinsMax, node.client_pins_max);
       }},
  };
  std::ranges::move(cluster_settings_of(node.cluster), std::back_inserter(all));
  std::ranges::move(spill_settings_of(node.spill, kBooleans), std::back_inserter(all));
  all.push_back(log_level_setting(command.log_level));
  all.push_back(log_file_setting(command.log_file));
  return all;
}

}  // namespace

bool changes_live(const std::string& key) {
  return key == "log_level" || key.starts_with("pull_bandwidth");
}

ObjdCommand read_command_line(int argc, char** argv) {
  const Program objd{
      .name = "objd",
      .version = OBJD_VERSION,
      .purpose = "objd keeps immutable objects in shared memory for the processes of this node.",
      .default_config_file = "/etc/objd/objd.conf"};
  ObjdCommand command;
  const CommandLine line = read_command_line(objd, settings_of(command), argc, argv);
  command.what = line.what;
  command.exit_code = line.exit_code;
  command.node.shown = line.shown;
  return command;
}

}  // namespace obj
