// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/port_choice.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fabric/verbs/port_match.hh"

namespace obj::verbs {
namespace {

using testing::HasSubstr;

GidEntry ipv4(const char* address, uint32_t index = 1) {
  return {*gid_of_ipv4(address), GidKind::kRoceV2Ipv4, index};
}

PortInfo active(uint8_t number, const char* address, uint64_t gbit_per_s = 100) {
  return {.number = number,
          .is_active = true,
          .is_ethernet = true,
          .state = "PORT_ACTIVE",
          .bits_per_s = gbit_per_s * 1'000'000'000,
          .gids = {ipv4(address)}};
}

DeviceInfo device(const char* name, std::vector<PortInfo> ports) {
  DeviceInfo info;
  info.name = name;
  info.ports = std::move(ports);
  return info;
}

std::vector<std::string> names(const std::vector<ChosenPort>& ports) {
  std::vector<std::string> result;
  for (const ChosenPort& port : ports) {
    result.push_back(port.device + ":" + std::to_string(port.port));
  }
  return result;
}

TEST(PortChoice, takes_one_port_that_with_the_address_of_the_node) {
  const DeviceInfo devices[] = {device("fast", {active(1, "10.1.0.1", 400)}),
                                device("storage", {active(1, "10.2.0.1", 100)})};
  EXPECT_EQ(names(*choose_ports(devices, {.devices = "", .address = gid_of_ipv4("10.2.0.1")})),
            std::vector<std::string>{"storage:1"});
  EXPECT_EQ(names(*choose_ports(devices, {})), std::vector<std::string>{"fast:1"});
}

TEST(PortChoice, takes_the_ports_that_are_named) {
  const DeviceInfo devices[] = {device("a", {active(1, "10.1.0.1"), active(2, "10.1.1.1")}),
                                device("b", {active(1, "10.2.0.1")})};
  const auto chosen = [&](const char* wish) { return names(*choose_ports(devices, {wish, {}})); };
  EXPECT_EQ(chosen("b"), std::vector<std::string>{"b:1"});
  EXPECT_EQ(chosen("a:2"), std::vector<std::string>{"a:2"});
  EXPECT_EQ(chosen("b,a:1,b"), (std::vector<std::string>{"b:1", "a:1"}));
  EXPECT_EQ(chosen("all"), (std::vector<std::string>{"a:1", "a:2", "b:1"}));
}

TEST(PortChoice, names_every_candidate_with_what_is_wrong) {
  PortInfo down = active(1, "10.1.0.1");
  down.is_active = false;
  down.state = "PORT_DOWN";
  PortInfo nameless = active(2, "10.1.0.2");
  nameless.gids.clear();
  DeviceInfo iwarp = device("siw0", {active(1, "10.3.0.1")});
  iwarp.has_queue_pairs = false;
  DeviceInfo locked;
  locked.name = "mlx5_3";
  locked.problem = "cannot be opened: Permission denied";
  const DeviceInfo devices[] = {device("mlx5_0", {down, nameless}), iwarp, locked};
  const auto none = choose_ports(devices, {});
  ASSERT_FALSE(none.has_value());
  for (const char* part : {"mlx5_0:1 (port is not active: PORT_DOWN)", "mlx5_0:2 (no GID",
                           "siw0:1 (iWARP", "mlx5_3 (cannot be opened: Permission denied)"}) {
    EXPECT_THAT(none.error(), HasSubstr(part));
  }
  const auto unknown = choose_ports(devices, {.devices = "mlx5_9", .address = {}});
  EXPECT_THAT(unknown.error(), HasSubstr("rdma_device = mlx5_9"));
  EXPECT_THAT(choose_ports({}, {}).error(), HasSubstr("no RDMA device"));
}

TEST(PortChoice, refuses_more_ports_than_can_be_used) {
  std::vector<DeviceInfo> devices;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    devices.push_back(device(name, {active(1, "10.1.0.1")}));
  }
  EXPECT_FALSE(choose_ports(devices, {.devices = "all", .address = {}}).has_value());
  EXPECT_EQ(choose_ports(devices, {.devices = "a,b,c,d", .address = {}})->size(), kPortsMax);
}

// ---- the owner's side ---------------------------------------------------------------------------

QueueAddress reader(const char* address) {
  QueueAddress result;
  result.kind = GidKind::kRoceV2Ipv4;
  result.gid = *gid_of_ipv4(address);
  return result;
}

AdapterFacts facts(const char* address) { return {.name = address, .gids = {ipv4(address)}}; }

TEST(PortMatch, answers_with_the_port_of_the_readers_subnet) {
  const AdapterFacts first = facts("10.1.0.7"), second = facts("10.2.0.7");
  const AdapterFacts* const ports[] = {&first, &second};
  EXPECT_EQ(match_port(ports, reader("10.1.0.1"), 0)->port, 0);
  EXPECT_EQ(match_port(ports, reader("10.1.0.1"), 1)->port, 0);
  EXPECT_EQ(match_port(ports, reader("10.2.0.1"), 0)->port, 1);
}

TEST(PortMatch, takes_turns_among_ports_of_one_subnet) {
  const AdapterFacts first = facts("10.1.0.7"), second = facts("10.1.0.9");
  const AdapterFacts* const ports[] = {&first, &second};
  EXPECT_EQ(match_port(ports, reader("10.1.0.8"), 0)->port, 0);
  EXPECT_EQ(match_port(ports, reader("10.1.0.8"), 1)->port, 1);
}

TEST(PortMatch, has_none_of_another_kind_and_leaves_lost_ports_out) {
  const AdapterFacts only = facts("10.1.0.7");
  const AdapterFacts* const ports[] = {nullptr, &only};
  EXPECT_EQ(match_port(ports, reader("10.1.0.8"), 0)->port, 1);
  QueueAddress infiniband;
  EXPECT_FALSE(match_port(ports, infiniband, 0).has_value());
}

}  // namespace
}  // namespace obj::verbs
