// SPDX-License-Identifier: Apache-2.0
// Goal: the page shows what a report holds, leaves out what it lacks, and no report can break it.
// Method: a whole report against the page it must give, then the same report with every field taken
// away or replaced by something of another type.
#include "tools/objctl/status_page.hh"

#include <gtest/gtest.h>

#include <vector>

namespace objctl {
namespace {

Json whole_report() {
  return Json::parse(R"({
    "version": "0.1.0", "pid": 4711, "uptime_s": 3725.5, "incarnation": "1f", "socket": "/run/o.sock",
    "arena": {"capacity_bytes": 1073741824, "free_bytes": 268435456, "largest_free_bytes": 134217728,
              "pages": "hugetlb-2M", "populate_s": 0.25},
    "table": {"objects": 1200, "objects_max": 1048576, "bytes_per_object": 88},
    "ledger": {"unsealed": {"objects": 1, "bytes": 134217728},
               "sealed": {"objects": 1198, "bytes": 536870912},
               "owner_pinned": {"objects": 2, "bytes": 268435456},
               "secondary": {"objects": 8, "bytes": 8192},
               "withdrawn": {"objects": 1, "bytes": 134217728}},
    "blockers": [{"why": "viewed", "session": 4, "pid": 77, "name": "train.py", "objects": 3,
                  "bytes": 4096},
                 {"why": "owner_pinned", "owner": "ckpt", "objects": 2, "bytes": 268435456}],
    "waiting": {"creates": 2, "gets": 0},
    "counters": {"puts": 1234567, "evicted_bytes": 1048576},
    "sessions": [{"session": 4, "pid": 77, "uid": 1000, "name": "train.py", "read_only": true,
                  "views": 3, "unsealed_objects": 0, "unsealed_bytes": 0, "waiting": 1, "age_s": 59}],
    "config": {"poll_us": {"value": 50, "origin": "default"},
               "socket": {"value": "/run/o.sock", "origin": "/etc/objd/objd.conf"}}
  })");
}

TEST(StatusPage, shows_everything_that_is_reported) {
  EXPECT_EQ(status_page(whole_report()),
            R"(objd 0.1.0, pid 4711, up 1 h 2 min, on /run/o.sock

ARENA     [###############PPPPPPPPPPPPPPPuuuuuuuwwwwwwww...............] 75.0% used
          1 GiB in all, 256 MiB free (largest piece 128 MiB), pages hugetlb-2M, filled in 0.2 s
  # sealed                              1,198  512 MiB
  P   of these pinned by owners             2  256 MiB
      of these copies from other nodes      8    8 KiB
  u being created                           1  128 MiB
  w deleted, still read                     1  128 MiB
  . free                                       256 MiB

TABLE     1,200 of 1,048,576 objects (0.1%), 88 bytes of table each
WAITING   2 creates for memory, 0 gets for objects

WHO HOLDS MEMORY that cannot be evicted
  WHY           PID  NAME        OBJECTS     SIZE
  viewed         77  train.py          3    4 KiB
  owner_pinned    -  owner ckpt        2  256 MiB

SESSIONS  1
  SESSION  PID   UID  NAME      MODE  VIEWS  CREATING  BYTES  WAITING   AGE
        4   77  1000  train.py  read      3         0    0 B        1  59 s

COUNTERS since the start
  puts           1,234,567
  evicted_bytes      1 MiB

OPTIONS
  OPTION   VALUE        FROM
  poll_us  50           default
  socket   /run/o.sock  /etc/objd/objd.conf
)");
}

TEST(StatusPage, has_no_column_that_no_session_fills) {
  const Json report = {{"sessions", {{{"pid", 7}, {"in_flight", 3}}, {{"pid", 8}}}}};
  EXPECT_EQ(status_page(report),
            "objd -\n"
            "\n"
            "SESSIONS  2\n"
            "  PID  IN FLIGHT\n"
            "    7          3\n"
            "    8          -\n");
}

TEST(StatusPage, is_short_when_nothing_is_reported) {
  EXPECT_EQ(status_page(Json::object()), "objd -\n");
}

TEST(StatusPage, has_a_bar_even_if_the_ledger_contradicts_itself) {
  const Json report = {{"arena", {{"capacity_bytes", 100}, {"free_bytes", 500}}},
                       {"ledger",
                        {{"sealed", {{"objects", 1}, {"bytes", 50}}},
                         {"owner_pinned", {{"objects", 2}, {"bytes", 80}}}}}};
  EXPECT_TRUE(arena_lines(report, 10).starts_with("ARENA     [PPPPP.....] 0.0% used\n"))
      << arena_lines(report, 10);
}

TEST(StatusPage, shows_hostile_names_harmlessly) {
  Json report = whole_report();
  report["sessions"][0]["name"] = "\x1b[2J\nfree 100 GiB";
  report["blockers"][1]["owner"] = "a\rb";
  const std::string page = status_page(report);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_EQ(page.find('\r'), std::string::npos);
  EXPECT_NE(page.find("?[2J?free 100 GiB"), std::string::npos);
}

TEST(StatusPage, tells_what_an_audit_found) {
  Json report = whole_report();
  EXPECT_TRUE(audit_agrees(report));
  EXPECT_EQ(audit_lines(report), "");
  report["audit"] = {{"agrees", true}, {"recount", report["ledger"]}};
  EXPECT_TRUE(audit_agrees(report));
  EXPECT_NE(status_page(report).find("agrees with a recount"), std::string::npos);
  report["audit"] = {{"agrees", false}, {"recount", {{"sealed", {{"objects", 7}}}}}};
  EXPECT_FALSE(audit_agrees(report));
  EXPECT_NE(status_page(report).find("DISAGREES"), std::string::npos);
  EXPECT_NE(status_page(report).find(R"({"sealed":{"objects":7}})"), std::string::npos);
}

// Pointers to every value of a report, objects and arrays included.
std::vector<Json::json_pointer> all_places(const Json& report) {
  std::vector<Json::json_pointer> places;
  const Json flat = report.flatten();
  for (const auto& [path, value] : flat.items()) {
    for (Json::json_pointer place(path); !place.empty(); place = place.parent_pointer()) {
      places.push_back(place);
    }
  }
  return places;
}

TEST(StatusPage, survives_any_field_of_another_type) {
  const Json report = whole_report();
  const std::vector<Json> odd = {
      nullptr,    -1, 1e300, "text", true, Json::array({1, "x", nullptr}), {{"bytes", "many"}},
      UINT64_MAX, 0};
  for (const auto& place : all_places(report)) {
    for (const Json& value : odd) {
      Json changed = report;
      changed[place] = value;
      const std::string page = status_page(changed);
      EXPECT_TRUE(page.starts_with("objd ")) << place.to_string() << " = " << value;
    }
  }
}

}  // namespace
}  // namespace objctl
