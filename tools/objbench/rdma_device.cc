// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/rdma_device.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <vector>

namespace objbench {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kGidsMax = 256;  // as many as a port of current cards has
constexpr const char* kHowToGetOne =
    "ci/rxe/run brings one in a guest, ci/rxe/setup-host makes one (docs/rxe.md)";

std::string line_of(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// "0000:0000:0000:0000:0000:ffff:0a63:0001" is 10.99.0.1. Nothing if it is no IPv4 address.
std::optional<std::string> ipv4_of(const std::string& gid) {
  constexpr std::string_view kMapped = "0000:0000:0000:0000:0000:ffff:";
  unsigned high = 0;
  unsigned low = 0;
  if (!gid.starts_with(kMapped)) return std::nullopt;
  if (std::sscanf(gid.c_str() + kMapped.size(), "%4x:%4x", &high, &low) != 2) return std::nullopt;
  return fmt::format("{}.{}.{}.{}", high >> 8, high & 255, low >> 8, low & 255);
}

// The port with what is needed to use it; nothing if it is down or has no IPv4 GID.
std::optional<RdmaDevice> usable_port(const fs::path& port, const std::string& name,
                                      uint32_t number) {
  if (line_of(port / "state").find("ACTIVE") == std::string::npos) return std::nullopt;
  if (line_of(port / "link_layer") == "InfiniBand") return RdmaDevice{name, number, {}, ""};
  for (uint32_t index = 0; index < kGidsMax; index++) {
    const std::string file = std::to_string(index);
    if (!fs::exists(port / "gids" / file)) break;
    const auto address = ipv4_of(line_of(port / "gids" / file));
    if (!address || line_of(port / "gid_attrs" / "types" / file) != "RoCE v2") continue;
    return RdmaDevice{name, number, index, *address};
  }
  return std::nullopt;
}

bool is_wanted(const std::string& wanted, const std::string& name, const std::string& port) {
  return wanted.empty() || wanted == name || wanted == name + ":" + port;
}

}  // namespace

Outcome<RdmaDevice> find_rdma_device(const std::string& wanted, const std::string& sysfs) {
  std::string seen;
  for (const std::string& name : names_in(sysfs)) {
    const fs::path ports = fs::path(sysfs) / name / "ports";
    for (const std::string& port : names_in(ports)) {
      uint32_t number = 0;
      const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
      if (error != std::errc{} || end != port.data() + port.size()) continue;
      seen += fmt::format("{}{}:{} ({})", seen.empty() ? "" : ", ", name, port,
                          line_of(ports / port / "state"));
      if (!is_wanted(wanted, name, port)) continue;
      if (auto device = usable_port(ports / port, name, number)) return *device;
    }
  }
  if (seen.empty()) {
    return std::unexpected(fmt::format("this machine has no RDMA device; {}", kHowToGetOne));
  }
  return std::unexpected(fmt::format("no port of {} is up and has an IPv4 address; there are: {}",
                                     wanted.empty() ? "an RDMA device" : wanted, seen));
}

}  // namespace objbench
