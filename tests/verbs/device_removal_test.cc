// SPDX-License-Identifier: Apache-2.0
// The RDMA device is removed while objects are pulled over it: daemons live on, and read over UCX
// only if they may. Needs soft-RoCE on an interface of its own, as the guest of ci/rxe has.
#include <gtest/gtest.h>

#include "tests/cluster/cluster.hh"
#include "tests/loopback/support/program.hh"

namespace obj {
namespace {

constexpr int kPatienceMs = 30'000;
constexpr size_t kBytes = 8'000'000;

int shell(const std::string& line) { return run_program({"/bin/sh", "-c", line}).exit_code; }

class DeviceRemoval : public testing::Test {
 protected:
  void SetUp() override {
    // Never a device that somebody has for real.
    if (shell("rdma link show rxe0/1 | grep -q 'netdev rdma0'") != 0) {
      GTEST_SKIP() << "there is no rxe0 on a dummy interface rdma0";
    }
  }
  void TearDown() override {
    shell("rdma link show rxe0/1 || rdma link add rxe0 type rxe netdev rdma0");
    EXPECT_EQ(shell("rdma link show rxe0/1"), 0);
  }

  // A get of an object that takes some seconds, in the middle of which the device goes.
  int status_of_interrupted_get(TestCluster& cluster, obj_view& view) {
    const obj_id id = id_of("large");
    EXPECT_THAT(put(cluster[0].client, id, pattern(kBytes, 1)), Gives(OBJ_OK));
    obj_request* request = nullptr;
    EXPECT_THAT(obj_get_async(cluster[1].client.get(), &id, kPatienceMs, &view, &request),
                Gives(OBJ_OK));
    EXPECT_TRUE(wait_until([&] { return cluster[1].cluster().at("pulled_bytes") > 1'000'000; }));
    EXPECT_EQ(shell("timeout 10 rdma link delete rxe0"), 0) << "somebody keeps the device";
    int status = OBJ_OK;
    EXPECT_THAT(obj_wait_all(cluster[1].client.get(), &request, 1, kPatienceMs, &status),
                testing::AnyOf(Gives(OBJ_OK), Gives(OBJ_EUNAVAILABLE)));
    return status;
  }
};

TEST_F(DeviceRemoval, in_the_middle_of_a_pull_is_survived_over_ucx) {
  TestCluster cluster(2, {"--transport", "auto", "--pull-bandwidth", "3M"});
  obj_view view{};
  ASSERT_EQ(status_of_interrupted_get(cluster, view), OBJ_OK);
  EXPECT_TRUE(data_of(view) == pattern(kBytes, 1));
  const std::string text = cluster[1].cluster().at("transport");
  EXPECT_EQ(text.find("ucx (auto:"), 0u) << text;
}

TEST_F(DeviceRemoval, ends_the_get_with_an_error_where_ucx_may_not_be_used) {
  TestCluster cluster(2, {"--transport", "verbs", "--pull-bandwidth", "3M"});
  obj_view view{};
  EXPECT_NE(status_of_interrupted_get(cluster, view), OBJ_OK);
  const std::string text = cluster[1].cluster().at("transport");
  EXPECT_EQ(text.find("none: verbs had"), 0u) << text;
  ASSERT_THAT(put(cluster[1].client, id_of("here"), "still alive"), Gives(OBJ_OK));
}

}  // namespace
}  // namespace obj
