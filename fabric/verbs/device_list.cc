// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/device_list.hh"

#include <algorithm>
#include <cstring>
#include <memory>

#include "fabric/verbs/status.hh"

namespace obj::verbs {
namespace {

constexpr size_t kGidsMax = 1024;  // of all ports of a device; tables have up to 256 a port

struct ListDeleter {
  void operator()(ibv_device** list) const { ::ibv_free_device_list(list); }
};
using DeviceListHandle = std::unique_ptr<ibv_device*, ListDeleter>;

DeviceListHandle get_list(int& count) {
  count = 0;
  return DeviceListHandle(::ibv_get_device_list(&count));
}

GidTable table_of(uint32_t gid_type) {
  switch (gid_type) {
    case IBV_GID_TYPE_ROCE_V2: return GidTable::kRoceV2;
    case IBV_GID_TYPE_ROCE_V1: return GidTable::kRoceV1;
    default: return GidTable::kInfiniband;
  }
}

std::vector<ibv_gid_entry> query_gids(ibv_context& context) {
  std::vector<ibv_gid_entry> entries(kGidsMax);
  const ssize_t count = ::ibv_query_gid_table(&context, entries.data(), entries.size(), 0);
  entries.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return entries;
}

std::vector<GidEntry> gids_of(std::span<const ibv_gid_entry> entries, uint8_t port) {
  std::vector<GidEntry> gids;
  for (const ibv_gid_entry& entry : entries) {
    if (entry.port_num != port) continue;
    GidEntry gid{.gid = {}, .kind = {}, .index = entry.gid_index};
    std::memcpy(gid.gid.data(), entry.gid.raw, sizeof entry.gid.raw);
    const auto kind = kind_of(gid.gid, table_of(entry.gid_type));
    if (!kind) continue;
    gid.kind = *kind;
    gids.push_back(gid);
  }
  return gids;
}

uint64_t bits_per_s_of(const ibv_port_attr& attributes) {
  // The units of the InfiniBand specification: lanes by coded speed.
  const auto lanes = [&]() -> uint64_t {
    switch (attributes.active_width) {
      case 1: return 1;
      case 2: return 4;
      case 4: return 8;
      case 8: return 12;
      case 16: return 2;
      default: return 1;
    }
  }();
  const auto lane_mbit = [&]() -> uint64_t {
    switch (attributes.active_speed) {
      case 1: return 2'500;
      case 2: return 5'000;
      case 4:
      case 8: return 10'000;
      case 16: return 14'000;
      case 32: return 25'000;
      case 64: return 50'000;
      case 128: return 100'000;
      default: return 2'500;
    }
  }();
  return lanes * lane_mbit * 1'000'000;
}

PortInfo port_of(ibv_context& context, uint8_t number, std::span<const ibv_gid_entry> gids) {
  PortInfo port;
  port.number = number;
  ibv_port_attr attributes{};
  if (::ibv_query_port(&context, number, &attributes) != 0) {
    port.state = "cannot be queried";
    return port;
  }
  port.is_active = attributes.state == IBV_PORT_ACTIVE;
  port.is_ethernet = attributes.link_layer == IBV_LINK_LAYER_ETHERNET;
  port.state = ::ibv_port_state_str(attributes.state);
  port.lid = attributes.lid;
  port.mtu_bytes = 128u << attributes.active_mtu;
  port.message_bytes_max = attributes.max_msg_sz;
  port.bits_per_s = bits_per_s_of(attributes);
  port.gids = gids_of(gids, number);
  return port;
}

DeviceInfo device_of(ibv_device& device) {
  DeviceInfo info;
  info.name = ::ibv_get_device_name(&device);
  info.has_queue_pairs = device.transport_type == IBV_TRANSPORT_IB;
  const ContextHandle context(::ibv_open_device(&device));
  ibv_device_attr attributes{};
  if (context == nullptr || ::ibv_query_device(context.get(), &attributes) != 0) {
    info.problem = std::string("cannot be opened: ") + std::strerror(errno) +
                   " (is /dev/infiniband/uverbs* readable and writable?)";
    return info;
  }
  const auto positive = [](int value) { return static_cast<uint32_t>(std::max(value, 0)); };
  info.region_bytes_max = attributes.max_mr_size;
  info.regions_max = positive(attributes.max_mr);
  info.completions_max = positive(attributes.max_cqe);
  info.queue_pairs_max = positive(attributes.max_qp);
  info.works_max = positive(attributes.max_qp_wr);
  info.reads_out_max = positive(attributes.max_qp_init_rd_atom);
  info.reads_in_max = positive(attributes.max_qp_rd_atom);
  const auto gids = query_gids(*context);
  for (uint8_t number = 1; number <= attributes.phys_port_cnt; number++) {
    info.ports.push_back(port_of(*context, number, gids));
  }
  return info;
}

}  // namespace

std::vector<DeviceInfo> list_devices() {
  int count = 0;
  const DeviceListHandle list = get_list(count);
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; i++) devices.push_back(device_of(*list.get()[i]));
  return devices;
}

Result<ContextHandle> open_device(const std::string& name) {
  int count = 0;
  const DeviceListHandle list = get_list(count);
  for (int i = 0; i < count; i++) {
    if (name != ::ibv_get_device_name(list.get()[i])) continue;
    ContextHandle context(::ibv_open_device(list.get()[i]));
    if (context == nullptr) return std::unexpected(verbs_error(errno, "ibv_open_device"));
    return context;
  }
  return std::unexpected(Error{ErrorCode::kNotFound, 0, "ibv_get_device_list"});
}

}  // namespace obj::verbs
