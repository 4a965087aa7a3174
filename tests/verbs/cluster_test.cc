// SPDX-License-Identifier: Apache-2.0
// Real objd processes that read over RDMA: which transport they use, and what they say where they
// cannot have the one that was asked for. Runs as root in a guest.
#include "tests/cluster/cluster.hh"

#include <gtest/gtest.h>

#include "tests/loopback/support/program.hh"
#include "tests/loopback/support/temp_dir.hh"

namespace obj {
namespace {

constexpr int kPatienceMs = 20'000;

void expect_content(const Client& client, const obj_id& id, const std::string& data) {
  obj_view view{};
  ASSERT_THAT(get(client, id, view, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_THAT(obj_release(client.get(), &view), Gives(OBJ_OK));
}

// What `node` reads the other one over, and the text beside it.
nlohmann::json entry_of(const ClusterNode& node, uint32_t other) {
  const auto report = nodes_of(node.client);
  for (const auto& entry : report.at("nodes")) {
    if (entry.at("node") == other) return entry;
  }
  return {};
}
std::string transport_to(const ClusterNode& node, const ClusterNode& other) {
  const auto entry = entry_of(node, other.number());
  return entry.is_null() || entry.at("transport").is_null() ? "" : entry.at("transport");
}

void pull(TestCluster& cluster, const char* name) {
  ASSERT_THAT(put(cluster[0].client, id_of(name), pattern(3'000'000, 5)), Gives(OBJ_OK));
  expect_content(cluster[1].client, id_of(name), pattern(3'000'000, 5));
}

TEST(VerbsCluster, reads_over_verbs_by_itself_where_a_port_is_there) {
  TestCluster cluster(2);
  pull(cluster, "a");
  EXPECT_EQ(transport_to(cluster[1], cluster[0]), "verbs") << nodes_of(cluster[1].client);
  const std::string text = cluster[1].cluster().at("transport");
  EXPECT_EQ(text.find("verbs over "), 0u) << text;
}

TEST(VerbsCluster, falls_back_to_an_owner_without_verbs_and_says_why) {
  TestCluster cluster(1, {"--transport", "ucx"});
  cluster.add({"--transport", "auto"});
  ASSERT_TRUE(wait_until([&] { return cluster[1].is_connected(); }));
  pull(cluster, "a");
  EXPECT_EQ(transport_to(cluster[1], cluster[0]), "ucx");
  const std::string why = entry_of(cluster[1], cluster[0].number()).at("transport_text");
  EXPECT_NE(why.find("transport = ucx"), std::string::npos) << why;
  EXPECT_NE(cluster[1].objd->output().find("transport_downgrade"), std::string::npos);
}

TEST(VerbsCluster, without_fallback_the_get_ends_with_the_owners_name) {
  TestCluster cluster(1, {"--transport", "ucx"});
  cluster.add({"--transport", "verbs"});
  ASSERT_TRUE(wait_until([&] { return cluster[1].is_connected(); }));
  ASSERT_THAT(put(cluster[0].client, id_of("a"), pattern(100'000, 1)), Gives(OBJ_OK));
  obj_view view{};
  EXPECT_THAT(get(cluster[1].client, id_of("a"), view, kPatienceMs), Gives(OBJ_EUNAVAILABLE));
  EXPECT_EQ(transport_to(cluster[1], cluster[0]), "none");
}

// How objd ends that cannot start with these flags on top of --transport verbs.
ProgramEnd failed_start(const Flags& before, const Flags& flags) {
  const TempDir dir;
  Flags argv = before;
  argv.insert(argv.end(),
              {objd_path(), "--config", "/dev/null", "--socket", dir.file("objd.sock"),
               "--object-store-memory", "16M", "--objects-max", "4096", "--huge-pages", "off",
               "--listen", "127.0.0.1:0", "--net-devices", "lo", "--transport", "verbs"});
  argv.insert(argv.end(), flags.begin(), flags.end());
  return run_program(argv);
}

TEST(VerbsCluster, a_port_that_is_not_there_is_named_with_the_candidates) {
  const ProgramEnd end = failed_start({}, {"--rdma-device", "mlx5_9"});
  EXPECT_NE(end.exit_code, 0);
  EXPECT_NE(end.output.find("mlx5_9"), std::string::npos) << end.output;
  EXPECT_NE(end.output.find("candidates"), std::string::npos) << end.output;
}

// Root has CAP_IPC_LOCK, which lifts the limit: it is taken away together with the memory.
TEST(VerbsCluster, too_little_locked_memory_is_told_with_what_mends_it) {
  const ProgramEnd end = failed_start({"/usr/bin/prlimit", "--memlock=1048576", "/usr/bin/setpriv",
                                       "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock"},
                                      {});
  EXPECT_NE(end.exit_code, 0);
  for (const char* mend : {"LimitMEMLOCK=infinity", "ulimit -l unlimited", "memlock=-1"}) {
    EXPECT_NE(end.output.find(mend), std::string::npos) << end.output;
  }
}

}  // namespace
}  // namespace obj
