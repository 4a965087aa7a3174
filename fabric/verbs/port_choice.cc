// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/port_choice.hh"

#include <algorithm>
#include <string_view>

namespace obj::verbs {
namespace {

struct Candidate {
  const DeviceInfo* device;
  const PortInfo* port;
};

std::string name_of(const Candidate& candidate) {
  return candidate.device->name + ":" + std::to_string(candidate.port->number);
}

std::vector<Candidate> candidates_of(std::span<const DeviceInfo> devices) {
  std::vector<Candidate> all;
  for (const DeviceInfo& device : devices) {
    for (const PortInfo& port : device.ports) all.push_back({&device, &port});
  }
  return all;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> names;
  for (size_t from = 0; from <= list.size();) {
    const size_t comma = std::min(list.find(',', from), list.size());
    if (comma > from) names.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  return names;
}

bool has_address(const PortInfo& port, const std::optional<Gid>& address) {
  return address && std::ranges::count(port.gids, *address, &GidEntry::gid) > 0;
}

ChosenPort chosen(const Candidate& candidate, const PortWishes& wishes) {
  return {candidate.device->name, candidate.port->number,
          ranked(candidate.port->gids, wishes.address)};
}

// What was looked at, for an error.
std::string all_of(std::span<const DeviceInfo> devices) {
  if (devices.empty()) return "this machine has no RDMA device";
  std::string text = "candidates: ";
  std::string_view separator;
  const auto add = [&](const std::string& name, const std::string& what) {
    text.append(separator).append(name).append(" (").append(what).append(")");
    separator = ", ";
  };
  for (const DeviceInfo& device : devices) {
    if (!device.problem.empty()) add(device.name, device.problem);
  }
  for (const Candidate& candidate : candidates_of(devices)) {
    const std::string wrong = obstacle(*candidate.device, *candidate.port);
    add(name_of(candidate), wrong.empty() ? "usable" : wrong);
  }
  return text;
}

}  // namespace

std::string obstacle(const DeviceInfo& device, const PortInfo& port) {
  if (!device.problem.empty()) return device.problem;
  if (!device.has_queue_pairs) return "iWARP, which objd does not use";
  if (!port.is_active) return "port is not active: " + port.state;
  if (port.gids.empty()) return "no GID: its interface has no address";
  return {};
}

std::expected<std::vector<ChosenPort>, std::string> choose_ports(
    std::span<const DeviceInfo> devices, const PortWishes& wishes) {
  std::vector<Candidate> usable = candidates_of(devices);
  std::erase_if(usable, [](const Candidate& candidate) {
    return !obstacle(*candidate.device, *candidate.port).empty();
  });
  // What nodes reach each other by is the better guess than speed alone.
  std::ranges::stable_sort(usable, [&](const Candidate& left, const Candidate& right) {
    const bool left_address = has_address(*left.port, wishes.address);
    const bool right_address = has_address(*right.port, wishes.address);
    if (left_address != right_address) return left_address;
    return left.port->bits_per_s > right.port->bits_per_s;
  });

  std::vector<ChosenPort> result;
  if (wishes.devices.empty()) {
    if (usable.empty()) return std::unexpected("no usable RDMA port; " + all_of(devices));
    result.push_back(chosen(usable.front(), wishes));
    return result;
  }
  const std::vector<std::string> names = split(wishes.devices);
  for (const std::string& name : names) {
    bool is_there = false;
    for (const Candidate& candidate : usable) {
      const bool is_meant =
          name == "all" || name == candidate.device->name || name == name_of(candidate);
      if (!is_meant) continue;
      is_there = true;
      const bool is_new = std::ranges::none_of(result, [&](const ChosenPort& port) {
        return port.device == candidate.device->name && port.port == candidate.port->number;
      });
      if (is_new) result.push_back(chosen(candidate, wishes));
    }
    if (!is_there) {
      return std::unexpected("rdma_device = " + name + ": no usable port of that name; " +
                             all_of(devices));
    }
  }
  if (result.size() > kPortsMax) {
    return std::unexpected("rdma_device = " + wishes.devices + ": names " +
                           std::to_string(result.size()) + " ports; at most " +
                           std::to_string(kPortsMax) + " can be used");
  }
  return result;
}

}  // namespace obj::verbs
