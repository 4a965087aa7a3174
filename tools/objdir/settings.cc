// SPDX-License-Identifier: Apache-2.0
#include "tools/objdir/settings.hh"

#include <vector>

#include "tools/daemon/log_settings.hh"
#include "tools/daemon/secret_file.hh"
#include "tools/daemon/setting.hh"

namespace obj {
namespace {

Setting number(const std::string& key, const std::string& help, const std::string& by_default,
               uint32_t least, uint32_t most, uint32_t& target) {
  return {key, help, by_default, [least, most, &target](const std::string& value) {
            return apply_number(value, least, most, target);
          }};
}

std::vector<Setting> settings_of(ObjdirCommand& command) {
  UcxFabricOptions& fabric = command.host.fabric;
  directory::DirectoryOptions& directory = command.host.directory;
  return {
      {"listen", "HOST:PORT on which nodes connect; port 0: any", "127.0.0.1:7710",
       [&](const std::string& value) -> Problem {
         if (value.empty()) return "must be HOST:PORT";
         fabric.listen = value;
         return {};
       }},
      {"secret_file", "file with the cluster's secret; empty: whoever reaches the port is let in",
       "",
       [&](const std::string& value) -> Problem {
         if (value.empty()) return {};
         auto secret = read_secret_file(value);
         if (!secret) return secret.error();
         fabric.secret = std::move(*secret);
         return {};
       }},
      {"net_devices", "network devices to use (UCX_NET_DEVICES); empty: all", "",
       [&](const std::string& value) -> Problem {
         fabric.transport.net_devices = value;
         return {};
       }},
      number("lease_ms", "a node that is silent for so long is dead", "1000", 100, 600'000,
             directory.lease_ms),
      number("rebuild_grace_ms", "after the start, how long nodes may take to find the way back",
             "3000", 0, 3'600'000, directory.rebuild_grace_ms),
      number("inventory_stall_ms", "a node whose inventory stands still for so long is dead",
             "10000", 100, 3'600'000, directory.inventory_stall_ms),
      number("nodes_max", "nodes alive at once", "880", 1, 880, directory.nodes_max),
      number("objects_max", "objects known at once; each takes 75 to 85 bytes of memory",
             "1073741824", 1, directory::ObjectMap::kRecordsMax, directory.objects_max),
      number("subscriptions_per_peer_max", "objects that one node may subscribe to", "131072", 1,
             1u << 24, directory.subscriptions_per_peer_max),
      number("poll_us", "how long to poll after the last message before sleeping", "50", 0,
             1'000'000, command.host.poll_us),
      log_level_setting(command.log_level),
      log_file_setting(command.log_file),
  };
}

}  // namespace

ObjdirCommand read_objdir_command_line(int argc, char** argv) {
  const Program objdir{.name = "objdir",
                       .version = OBJD_VERSION,
                       .purpose = "objdir knows which node of a cluster holds which object.",
                       .default_config_file = "/etc/objd/objdir.conf"};
  ObjdirCommand command;
  command.line = read_command_line(objdir, settings_of(command), argc, argv);
  return command;
}

}  // namespace obj
