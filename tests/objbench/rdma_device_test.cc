// SPDX-License-Identifier: Apache-2.0
// Goal: figures are measured on a port that is up, by a GID that other programs can use.
// Method: folders laid out as the kernel's.
#include "tools/objbench/rdma_device.hh"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tools/objbench/temporary_directory.hh"

namespace objbench {
namespace {

constexpr const char* kLinkLocal = "fe80:0000:0000:0000:6011:8aff:fe9e:8100";
constexpr const char* kIpv4 = "0000:0000:0000:0000:0000:ffff:0a63:0001";

class RdmaDevices : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = TemporaryDirectory::create();
    ASSERT_TRUE(created) << created.error();
    directory_.emplace(std::move(*created));
  }

  void write(const std::string& file, const std::string& line) {
    const std::filesystem::path path = std::filesystem::path(directory_->path()) / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << line << "\n";
  }

  void add_port(const std::string& port, const char* state, const char* layer = "Ethernet") {
    write(port + "/state", state);
    write(port + "/link_layer", layer);
  }

  void add_gid(const std::string& port, int index, const char* gid, const char* type) {
    write(port + "/gids/" + std::to_string(index), gid);
    write(port + "/gid_attrs/types/" + std::to_string(index), type);
  }

  Outcome<RdmaDevice> find(const std::string& wanted = "") const {
    return find_rdma_device(wanted, directory_->path());
  }

  std::optional<TemporaryDirectory> directory_;
};

TEST_F(RdmaDevices, gives_the_port_that_is_up_and_its_version_2_ipv4_gid) {
  add_port("mlx5_0/ports/1", "1: DOWN");
  add_port("rxe0/ports/1", "4: ACTIVE");
  add_gid("rxe0/ports/1", 0, kLinkLocal, "RoCE v2");
  add_gid("rxe0/ports/1", 1, kIpv4, "IB/RoCE v1");
  add_gid("rxe0/ports/1", 2, kIpv4, "RoCE v2");
  const auto device = find();
  ASSERT_TRUE(device) << device.error();
  EXPECT_EQ(device->text(), "rxe0:1");
  EXPECT_EQ(device->gid_index, 2u);
  EXPECT_EQ(device->address, "10.99.0.1");
}

TEST_F(RdmaDevices, gives_the_one_that_is_wanted) {
  for (const std::string port : {"a/ports/1", "b/ports/1", "b/ports/2"}) {
    add_port(port, "4: ACTIVE");
    add_gid(port, 0, kIpv4, "RoCE v2");
  }
  EXPECT_EQ(find()->text(), "a:1");
  EXPECT_EQ(find("b")->text(), "b:1");
  EXPECT_EQ(find("b:2")->text(), "b:2");
  EXPECT_FALSE(find("c"));
}

TEST_F(RdmaDevices, infiniband_needs_no_gid) {
  add_port("mlx5_0/ports/1", "4: ACTIVE", "InfiniBand");
  const auto device = find();
  ASSERT_TRUE(device) << device.error();
  EXPECT_FALSE(device->gid_index);
  EXPECT_EQ(device->address, "");
}

TEST_F(RdmaDevices, without_a_usable_port_names_what_is_there) {
  EXPECT_NE(find().error().find("no RDMA device"), std::string::npos);
  add_port("mlx5_0/ports/1", "1: DOWN");
  EXPECT_NE(find().error().find("mlx5_0:1 (1: DOWN)"), std::string::npos);
}

}  // namespace
}  // namespace objbench
