// SPDX-License-Identifier: Apache-2.0
// Goal: the pages show what objd reports of the cluster, and no report can break them.
// Method: whole reports against the pages they must give, then the same with every field taken away
// or replaced by something of another type.
#include "tools/objctl/cluster_pages.hh"

#include <gtest/gtest.h>

#include <vector>

namespace objctl {
namespace {

const ObjectName kObject = {"00112233445566778899aabbccddeeff",
                            {{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa,
                              0xbb, 0xcc, 0xdd, 0xee, 0xff}}};

Json nodes_report() {
  return Json::parse(R"({"self": 7, "nodes": [
    {"node": 12, "incarnation": 5, "status": "dead", "address": "10.0.0.2:7461",
     "arena_bytes": 0, "used_bytes": 0, "load": 0},
    {"node": 7, "incarnation": 4, "status": "alive", "address": "10.0.0.1:7461",
     "arena_bytes": 4294967296, "used_bytes": 1073741824, "load": 3}]})");
}

Json where_report() {
  return Json::parse(R"({"id": "00112233445566778899aabbccddeeff", "data_bytes": 1048576,
    "metadata_bytes": 0, "copies_known": 3, "copies": [
    {"node": 7, "incarnation": 4, "role": "primary", "state": "sealed", "slot": 9,
     "generation": 21, "offset": 4096},
    {"node": 12, "incarnation": 5, "role": "secondary", "state": "partial", "slot": 1,
     "generation": 2, "offset": 0}]})");
}

Json transfers_report(uint64_t done_bytes = 16777216) {
  Json report = Json::parse(R"({"wanted_objects": 5, "in_flight_bytes": 2097152, "transfers": [
    {"id": "00aa", "class": "get", "bytes": 67108864, "done_bytes": 0, "waits_for": "",
     "sources": [{"node": 7, "bytes_per_s": 1073741824}, {"node": 12, "bytes_per_s": 0}]},
    {"id": "00bb", "class": "prefetch", "bytes": 1024, "done_bytes": 0, "waits_for": "memory",
     "sources": []}]})");
  report["transfers"][0]["done_bytes"] = done_bytes;
  return report;
}

Json status_report() {
  return Json::parse(R"({"cluster": {"node": 7, "address": "10.0.0.1:7461", "transport": "ucx",
    "directory": "10.0.0.9:7462", "directory_embedded": true, "directory_connected": false,
    "reports_refused": 2, "pulls": 1, "wanted_objects": 1200, "in_flight_bytes": 1048576,
    "reads_in_flight": 3}})");
}

TEST(ClusterPages, list_nodes_by_number_and_mark_this_one) {
  EXPECT_EQ(nodes_page(nodes_report()),
            "NODE  STATUS  ADDRESS         USED  ARENA  USE  LOAD\n"
            "   7  alive   10.0.0.1:7461  1 GiB  4 GiB  25%     3  this node\n"
            "  12  dead    10.0.0.2:7461    0 B    0 B    -     0\n");
  EXPECT_EQ(nodes_page(Json::object()), "the directory knows no node\n");
}

TEST(ClusterPages, say_what_nodes_are_read_over_and_why_not_over_verbs) {
  Json report = nodes_report();
  report["nodes"][0]["transport"] = "ucx";
  report["nodes"][0]["transport_text"] = "no verbs: the owner refuses";
  report["nodes"].push_back(report["nodes"][1]);
  report["nodes"][2]["node"] = 13;
  report["nodes"][2]["transport"] = "verbs";
  EXPECT_EQ(nodes_page(report),
            "NODE  STATUS  ADDRESS         USED  ARENA  USE  LOAD\n"
            "   7  alive   10.0.0.1:7461  1 GiB  4 GiB  25%     3  this node\n"
            "  12  dead    10.0.0.2:7461    0 B    0 B    -     0  read over ucx\n"
            "  13  alive   10.0.0.1:7461  1 GiB  4 GiB  25%     3  read over verbs\n"
            "node 12: no verbs: the owner refuses\n");
}

TEST(ClusterPages, show_the_copies_of_an_object) {
  EXPECT_EQ(where_page(kObject, where_report()),
            "00112233445566778899aabbccddeeff  1 MiB  2 of 3 copies\n"
            "  NODE  ROLE       STATE    SLOT  GENERATION\n"
            "     7  primary    sealed      9          21\n"
            "    12  secondary  partial     1           2\n");
  EXPECT_TRUE(is_somewhere(where_report()));
  Json one = where_report();
  one["copies_known"] = 1;
  one["copies"].erase(1);
  EXPECT_NE(where_page(kObject, one).find("1 MiB  1 copy\n"), std::string::npos);
}

TEST(ClusterPages, say_that_an_object_is_nowhere) {
  const Json nowhere = {{"copies_known", 0}, {"copies", Json::array()}};
  EXPECT_EQ(where_page(kObject, nowhere), kObject.spelling + "  on no node\n");
  EXPECT_FALSE(is_somewhere(nowhere));
}

TEST(ClusterPages, show_transfers_with_the_rates_that_objd_observed) {
  EXPECT_EQ(transfers_page(transfers_report(), Json(), 0),
            "2 transfers, 5 objects wanted, 2 MiB under way\n"
            "ID    CLASS       SIZE  DONE     RATE  SOURCES           WAITS FOR\n"
            "00aa  get       64 MiB   25%  1 GiB/s  7 at 1 GiB/s, 12  -\n"
            "00bb  prefetch   1 KiB    0%        -  -                 memory\n");
}

TEST(ClusterPages, show_transfers_with_the_rates_since_the_last_report) {
  const auto rate_is = [](const Json& now, const Json& before, double elapsed_s, const char* rate) {
    const std::string page = transfers_page(now, before, elapsed_s);
    EXPECT_NE(page.find(rate), std::string::npos) << page;
  };
  rate_is(transfers_report(16 << 20), transfers_report(8 << 20), 2, "25%  4 MiB/s");
  rate_is(transfers_report(16 << 20), transfers_report(16 << 20), 2, "25%  0 B/s");
  // A pull that began anew, or reports of the same moment.
  rate_is(transfers_report(16 << 20), transfers_report(32 << 20), 2, "25%  1 GiB/s");
  rate_is(transfers_report(16 << 20), transfers_report(8 << 20), 0, "25%  1 GiB/s");
}

TEST(ClusterPages, show_the_cluster_in_the_status) {
  EXPECT_EQ(cluster_lines(status_report()),
            "CLUSTER   node 7 at 10.0.0.1:7461, transport ucx\n"
            "          directory 10.0.0.9:7462 (of this objd), NOT CONNECTED, 2 reports refused\n"
            "          1 pulls of 1,200 objects that are wanted, 1 MiB in 3 reads under way\n");
  EXPECT_EQ(cluster_lines(Json::object()), "");
}

// Calls `use` with `report` changed at every place: the field gone, or of each other type.
template <class Use>
void with_each_field_broken(const Json& report, Use use) {
  const std::vector<Json> others = {Json(),         -1,      1e300,         true,
                                    "\x1b[31m\xff", Json(0), Json::array(), Json::object()};
  const Json flat = report.flatten();
  for (const auto& [path, value] : flat.items()) {
    for (const Json& other : others) {
      Json broken = report;
      broken[Json::json_pointer(path)] = other;
      use(broken);
    }
  }
  for (const Json& other : others) use(other);
}

TEST(ClusterPages, survive_any_report) {
  const auto is_clean = [](const std::string& page) {
    EXPECT_EQ(page.find('\x1b'), std::string::npos) << page;
  };
  with_each_field_broken(nodes_report(), [&](const Json& json) { is_clean(nodes_page(json)); });
  with_each_field_broken(where_report(),
                         [&](const Json& json) { is_clean(where_page(kObject, json)); });
  with_each_field_broken(status_report(), [&](const Json& json) { is_clean(cluster_lines(json)); });
  with_each_field_broken(transfers_report(), [&](const Json& json) {
    is_clean(transfers_page(json, transfers_report(), 1));
    is_clean(transfers_page(transfers_report(), json, 1));
  });
}

}  // namespace
}  // namespace objctl
