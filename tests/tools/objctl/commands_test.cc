// SPDX-License-Identifier: Apache-2.0
// Goal: each command calls libobj rightly, prints what it should, and leaves nothing half done.
// Method: whole command lines against a libobj that keeps objects in this process and fails on
// demand.
#include "tools/objctl/commands.hh"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <map>
#include <sstream>

#include "tests/tools/objctl/fake_libobj.hh"
#include "tests/tools/objctl/temporary_folder.hh"
#include "tools/objctl/command_line.hh"
#include "tools/objctl/json_fields.hh"

namespace objctl {
namespace {

using fake_libobj::id_of;
using fake_libobj::object;
using fake_libobj::store;

struct Ran {
  int exit_code;
  std::string out;
  std::string error;
};

class Commands : public testing::Test {
 protected:
  void SetUp() override { fake_libobj::reset(); }
  void TearDown() override { EXPECT_EQ(store().sessions_open, 0); }

  Ran run(const std::vector<std::string>& arguments) {
    const auto invocation = parse_command_line(arguments);
    if (!invocation) return {invocation.error().exit_code, "", invocation.error().error};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int exit_code = carry_out(*invocation);
    return {exit_code, testing::internal::GetCapturedStdout(),
            testing::internal::GetCapturedStderr()};
  }

  void put(const char* name, const std::string& data) {
    write_file(path("put"), data);
    ASSERT_EQ(run({"put", path("put"), "--name", name}).exit_code, 0);
    std::filesystem::remove(path("put"));
  }
  std::string path(const std::string& name) const { return folder_.path(name); }

  TemporaryFolder folder_;
};

TEST_F(Commands, put_stores_a_file_and_prints_its_id) {
  write_file(path("in"), "bytes");
  const Ran ran = run({"put", path("in"), "--name", "x", "--metadata", "about"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, id_text(id_of("x")) + "\n");
  EXPECT_EQ(ran.error, "");
  EXPECT_EQ(object(id_of("x")).data, "bytes");
  EXPECT_EQ(object(id_of("x")).metadata, "about");
  EXPECT_EQ(object(id_of("x")).state, uint32_t{OBJ_STATE_SEALED});
}

TEST_F(Commands, put_without_an_id_makes_one) {
  write_file(path("in"), "bytes");
  const Ran first = run({"put", path("in")});
  const Ran second = run({"put", path("in")});
  EXPECT_EQ(first.out.size(), 33u);
  EXPECT_NE(first.out, second.out);
  EXPECT_EQ(store().objects.size(), 2u);
}

TEST_F(Commands, put_takes_metadata_from_a_file) {
  write_file(path("in"), "");
  write_file(path("about"), std::string("a\0b", 3));
  EXPECT_EQ(run({"put", path("in"), "--name", "x", "--metadata", "@" + path("about")}).exit_code,
            0);
  EXPECT_EQ(object(id_of("x")).metadata, std::string("a\0b", 3));
}

TEST_F(Commands, put_tells_programs_what_it_stored) {
  write_file(path("in"), "bytes");
  const Json told = Json::parse(run({"put", path("in"), "--name", "x", "--json"}).out);
  EXPECT_EQ(told["id"], id_text(id_of("x")));
  EXPECT_EQ(told["data_bytes"], 5);
  EXPECT_EQ(told["metadata_bytes"], 0);
}

TEST_F(Commands, put_collects_a_pipe_up_to_the_size_of_the_arena) {
  store().status_json = R"({"arena": {"capacity_bytes": 1000}})";
  const Ran ran = run({"put", "/dev/zero", "--name", "x"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.error.find("1000 B"), std::string::npos) << ran.error;
  EXPECT_TRUE(store().objects.empty());
}

TEST_F(Commands, put_that_fails_leaves_no_object) {
  write_file(path("in"), "bytes");
  for (const char* call : {"obj_open", "obj_create", "obj_seal"}) {
    store().fail_next[call] = OBJ_ESYSTEM;
    const Ran ran = run({"put", path("in"), "--name", "x"});
    EXPECT_EQ(ran.exit_code, 1) << call;
    EXPECT_NE(ran.error.find("planned failure"), std::string::npos) << ran.error;
    EXPECT_EQ(ran.out, "") << call;
    EXPECT_TRUE(store().objects.empty()) << call;
  }
  EXPECT_EQ(run({"put", path("missing"), "--name", "x"}).exit_code, 1);
  EXPECT_TRUE(store().objects.empty());
}

TEST_F(Commands, put_does_not_replace_an_object) {
  put("x", "old");
  write_file(path("in"), "new");
  EXPECT_EQ(run({"put", path("in"), "--name", "x"}).exit_code, 1);
  EXPECT_EQ(object(id_of("x")).data, "old");
}

TEST_F(Commands, get_writes_an_object_to_a_file) {
  put("x", "bytes");
  const Ran ran = run({"get", "name:x", path("out")});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(read_file(path("out")), "bytes");
  EXPECT_EQ(store().views_held, 0);
  EXPECT_EQ(store().open_flags, OBJ_READ_ONLY);
}

TEST_F(Commands, get_writes_to_standard_output) {
  put("x", std::string("a\0b", 3));
  EXPECT_EQ(run({"get", "name:x"}).out, std::string("a\0b", 3));
  EXPECT_EQ(run({"get", "--name", "x", "-"}).out, std::string("a\0b", 3));
  EXPECT_EQ(run({"get", "name:x", "--json"}).out, std::string("a\0b", 3));
}

TEST_F(Commands, get_gives_metadata_back) {
  write_file(path("in"), "bytes");
  run({"put", path("in"), "--name", "x", "--metadata", "about"});
  EXPECT_EQ(run({"get", "name:x", "--metadata"}).out, "about");
}

TEST_F(Commands, get_tells_programs_what_it_wrote) {
  put("x", "bytes");
  const Json told = Json::parse(run({"get", "name:x", path("out"), "--json", "--sync"}).out);
  EXPECT_EQ(told["id"], id_text(id_of("x")));
  EXPECT_EQ(told["bytes"], 5);
  EXPECT_EQ(told["file"], path("out"));
}

TEST_F(Commands, get_of_nothing_touches_no_file) {
  write_file(path("out"), "old");
  const Ran ran = run({"get", "name:x", path("out")});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "objctl: get name:x: no object has that id\n");
  EXPECT_EQ(read_file(path("out")), "old");
  EXPECT_EQ(run({"get", "name:x", path("new")}).exit_code, 1);
  EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(Commands, get_that_cannot_write_keeps_the_old_file) {
  put("x", std::string(1 << 20, 'x'));
  write_file(path("out"), "old");
  // Files can grow to 4 KiB only: write(2) fails with EFBIG in the middle.
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight = {4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const Ran ran = run({"get", "name:x", path("out")});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "objctl: " + path("out") + ": File too large\n");
  EXPECT_EQ(read_file(path("out")), "old");
  EXPECT_EQ(folder_.entries(), 1u);
}

TEST_F(Commands, ls_lists_all_objects_sorted) {
  put("x", "12345");
  put("y", "1");
  const Ran ran = run({"ls", "--sort", "size"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, listing_header({}) + id_text(id_of("y")) + "          1B  sealed\n" +
                         id_text(id_of("x")) + "          5B  sealed\n");
}

TEST_F(Commands, ls_filters_and_limits) {
  put("x", "12345");
  put("y", "1");
  EXPECT_EQ(run({"ls", "--quiet", "--min-size", "2"}).out, id_text(id_of("x")) + "\n");
  EXPECT_EQ(run({"ls", "--quiet", id_text(id_of("y"))}).out, id_text(id_of("y")) + "\n");
  EXPECT_EQ(run({"ls", "--quiet", "--sort", "size", "--limit", "1"}).out,
            id_text(id_of("y")) + "\n");
  EXPECT_EQ(run({"ls", "--quiet", "--sort", "none", "--limit", "1"}).out.size(), 33u);
  EXPECT_EQ(run({"ls", "--quiet", "--limit", "0"}).out, "");
}

TEST_F(Commands, ls_in_json_is_one_object_a_line) {
  put("x", "12345");
  put("y", "1");
  const Ran ran = run({"ls", "--json", "--long", "--sort", "size"});
  const size_t first_end = ran.out.find('\n');
  EXPECT_EQ(Json::parse(ran.out.substr(0, first_end))["id"], id_text(id_of("y")));
  const Json second = Json::parse(ran.out.substr(first_end));
  EXPECT_EQ(second["id"], id_text(id_of("x")));
  EXPECT_EQ(second["views"], 3);
}

TEST_F(Commands, ls_long_leaves_out_what_went_meanwhile) {
  put("x", "1");
  store().fail_next["obj_stat"] = OBJ_ENOTFOUND;
  const Ran ran = run({"ls", "--long", "--json"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "");
}

TEST_F(Commands, stat_shows_each_object_and_goes_on_after_one_that_is_missing) {
  put("x", "12345");
  const Ran ran = run({"stat", "name:missing", "name:x"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "objctl: stat name:missing: no object has that id\n");
  EXPECT_EQ(ran.out, "id          " + id_text(id_of("x")) +
                         "\n"
                         "state       sealed\n"
                         "data        5 B (5 bytes)\n"
                         "metadata    0 B (0 bytes)\n"
                         "views       3\n"
                         "owner pins  0\n"
                         "generation  1\n");
}

TEST_F(Commands, rm_deletes_and_goes_on_after_a_failure) {
  put("x", "1");
  put("y", "1");
  store().fail_next["obj_delete"] = OBJ_ESYSTEM;
  const Ran ran = run({"rm", "name:x", "name:y", "name:missing"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "objctl: rm name:x: planned failure of obj_delete\n");
  EXPECT_EQ(store().objects.size(), 1u);
}

TEST_F(Commands, rm_stops_when_objd_goes) {
  put("x", "1");
  put("y", "1");
  store().fail_next["obj_delete"] = OBJ_EDISCONNECTED;
  EXPECT_EQ(run({"rm", "name:x", "name:y"}).exit_code, 3);
  EXPECT_EQ(store().objects.size(), 2u);
}

TEST_F(Commands, pin_and_unpin_act_for_an_owner) {
  put("x", "1");
  EXPECT_EQ(run({"pin", "name:x", "--owner", "me"}).exit_code, 0);
  EXPECT_EQ(object(id_of("x")).owners, std::set<std::string>{"me"});
  EXPECT_EQ(run({"unpin", "name:x", "--owner", "you"}).exit_code, 1);
  EXPECT_EQ(run({"unpin", "name:x", "--owner", "me"}).exit_code, 0);
  EXPECT_TRUE(object(id_of("x")).owners.empty());
}

TEST_F(Commands, contains_answers_with_its_exit_code) {
  put("x", "1");
  EXPECT_EQ(run({"contains", "name:x"}).exit_code, 0);
  const Ran ran = run({"contains", "name:x", "name:y"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "");
  EXPECT_EQ(ran.out, id_text(id_of("x")) + "  present\n" + id_text(id_of("y")) + "  absent\n");
}

TEST_F(Commands, wait_prints_what_is_here_even_if_time_runs_out) {
  put("x", "1");
  const Ran enough = run({"wait", "name:y", "name:x", "--count", "1"});
  EXPECT_EQ(enough.exit_code, 0);
  EXPECT_EQ(enough.out, id_text(id_of("x")) + "\n");
  const Ran late = run({"wait", "name:y", "name:x", "--json"});
  EXPECT_EQ(late.exit_code, 1);
  EXPECT_NE(late.error.find("time ran out"), std::string::npos) << late.error;
  const Json told = Json::parse(late.out);
  EXPECT_EQ(told["ready"], Json::array({id_text(id_of("x"))}));
  EXPECT_EQ(told["missing"], Json::array({id_text(id_of("y"))}));
}

TEST_F(Commands, status_shows_the_page_or_the_json) {
  store().status_json = R"({"version": "9.9", "pid": 5})";
  EXPECT_EQ(run({"status"}).out, "objd 9.9, pid 5\n");
  EXPECT_EQ(run({"status", "--json"}).out, "{\"version\":\"9.9\",\"pid\":5}\n");
}

TEST_F(Commands, status_takes_a_report_of_any_length) {
  store().status_json = R"({"version": ")" + std::string(300000, 'x') + R"("})";
  EXPECT_EQ(run({"status"}).out.size(), 5 + 300000 + 1u);
}

TEST_F(Commands, status_says_no_when_an_audit_disagrees) {
  store().status_json = R"({"audit": {"agrees": false}})";
  EXPECT_EQ(run({"status", "--audit"}).exit_code, 1);
  store().status_json = R"({"audit": {"agrees": true}})";
  EXPECT_EQ(run({"status", "--audit"}).exit_code, 0);
}

TEST_F(Commands, status_that_is_not_json_is_a_failure) {
  for (const char* text : {"", "{", "[]", "{\"a\": \"\xff\"}"}) {
    store().status_json = text;
    EXPECT_EQ(run({"status"}).exit_code, 1) << text;
    EXPECT_EQ(run({"top", "-n", "1"}).exit_code, 1) << text;
  }
}

TEST_F(Commands, top_prints_so_many_frames) {
  store().status_json = R"({"version": "9.9"})";
  EXPECT_EQ(run({"top", "-n", "2", "-d", "0.05"}).out, "objd 9.9\n\nobjd 9.9\n");
  EXPECT_EQ(run({"top", "-n", "2", "-d", "0.05", "--json"}).out,
            "{\"version\":\"9.9\"}\n{\"version\":\"9.9\"}\n");
}

TEST_F(Commands, nodes_shows_the_table_or_the_json) {
  store().topic_json[OBJ_STATUS_NODES] =
      R"({"self":7,"nodes":[{"node":7,"status":"alive","address":"h:1"}]})";
  const Ran ran = run({"nodes"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("this node\n"), std::string::npos) << ran.out;
  EXPECT_EQ(run({"nodes", "--json"}).out, store().topic_json[OBJ_STATUS_NODES] + "\n");
}

TEST_F(Commands, cluster_commands_give_the_reason_why_there_is_no_report) {
  const std::string alone = R"({"error":"this objd is alone: it has no listen address"})";
  store().topic_json[OBJ_STATUS_NODES] = alone;
  store().topic_json[OBJ_STATUS_TRANSFERS] = alone;
  store().location[fake_libobj::key_of("x")] = alone;
  for (const auto& [arguments, what] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"nodes"}, "nodes"},
           {{"transfers"}, "transfers"},
           {{"transfers", "--watch", "-n", "1"}, "transfers"},
           {{"where", "name:x"}, "where name:x"}}) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 1) << what;
    EXPECT_EQ(ran.out, "") << what;
    EXPECT_EQ(ran.error, "objctl: " + what + ": this objd is alone: it has no listen address\n");
  }
  const Json told = Json::parse(run({"nodes", "--json"}).error);
  EXPECT_EQ(told["status"], "OBJ_EUNAVAILABLE");
}

TEST_F(Commands, where_says_no_if_no_node_has_one_of_the_objects) {
  store().location[fake_libobj::key_of("x")] =
      R"({"id":"x","data_bytes":1,"copies_known":1,"copies":[{"node":3}]})";
  EXPECT_EQ(run({"where", "name:x"}).exit_code, 0);
  const Ran ran = run({"where", "name:y", "name:x"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "");
  EXPECT_NE(ran.out.find(id_text(id_of("y")) + "  on no node\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("1 copy\n"), std::string::npos) << ran.out;
  EXPECT_EQ(run({"where", "name:x", "--json"}).out,
            store().location[fake_libobj::key_of("x")] + "\n");
}

TEST_F(Commands, where_goes_on_after_a_failure) {
  store().fail_next["obj_locate"] = OBJ_ESYSTEM;
  const Ran ran = run({"where", "name:x", "name:y"});
  EXPECT_EQ(ran.error, "objctl: where name:x: planned failure of obj_locate\n");
  EXPECT_NE(ran.out.find(id_text(id_of("y"))), std::string::npos) << ran.out;
}

TEST_F(Commands, transfers_shows_one_page_or_so_many_frames) {
  store().topic_json[OBJ_STATUS_TRANSFERS] = R"({"transfers":[],"wanted_objects":0})";
  const std::string page = run({"transfers"}).out;
  EXPECT_EQ(page, "0 transfers, 0 objects wanted, - under way\n");
  EXPECT_EQ(run({"transfers", "--watch", "-n", "2", "-d", "0.05"}).out, page + "\n" + page);
  EXPECT_EQ(run({"transfers", "-w", "-n", "1", "--json"}).out,
            store().topic_json[OBJ_STATUS_TRANSFERS] + "\n");
}

TEST_F(Commands, prefetch_asks_for_all_objects_at_once) {
  EXPECT_EQ(run({"prefetch", "name:x", "name:y", "--timeout", "77"}).exit_code, 0);
  EXPECT_EQ(store().prefetched,
            (std::set<std::string>{fake_libobj::key_of("x"), fake_libobj::key_of("y")}));
  EXPECT_EQ(store().prefetch_timeout_ms, 77);
  store().fail_next["obj_prefetch"] = OBJ_ENOTFOUND;
  EXPECT_EQ(run({"prefetch", "name:z"}).exit_code, 1);
  EXPECT_EQ(store().prefetched.size(), 2u);
}

TEST_F(Commands, push_asks_another_node_and_goes_on_after_a_failure) {
  store().fail_next["obj_push"] = OBJ_EUNAVAILABLE;
  const Ran ran = run({"push", "name:x", "name:y", "--node", "3"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "objctl: push name:x: planned failure of obj_push\n");
  EXPECT_EQ(store().pushed, (std::map<std::string, uint32_t>{{fake_libobj::key_of("y"), 3}}));
}

TEST_F(Commands, spill_and_restore_go_on_after_a_failure) {
  store().fail_next["obj_spill"] = OBJ_EUNAVAILABLE;
  const Ran spilled = run({"spill", "name:x", "name:y"});
  EXPECT_EQ(spilled.exit_code, 1);
  EXPECT_EQ(spilled.error, "objctl: spill name:x: planned failure of obj_spill\n");
  EXPECT_EQ(store().spilled, (std::set<std::string>{fake_libobj::key_of("y")}));
  EXPECT_EQ(run({"restore", "name:y", "--timeout", "77"}).exit_code, 0);
  EXPECT_EQ(run({"restore", "name:z"}).exit_code, 0);
  EXPECT_EQ(store().restored,
            (std::map<std::string, int32_t>{{fake_libobj::key_of("y"), 77},
                                            {fake_libobj::key_of("z"), OBJ_FOREVER}}));
}

TEST_F(Commands, spill_status_shows_each_directory_and_says_where_there_is_none) {
  store().status_json = R"({"version":"9"})";
  const Ran none = run({"spill-status"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.error.find("spill_directory"), std::string::npos) << none.error;
  store().status_json = R"({"storage":{"objects":7,"bytes":1048576,"only_in_storage":3,)"
                        R"("trouble":"it is full","directories":[)"
                        R"({"path":"/a","working":true,"live_bytes":1048576,"write_errors":2},)"
                        R"({"path":"/b","working":false,"failure":"EIO"}]}})";
  const Ran ran = run({"spill-status"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("7 objects"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("TROUBLE: it is full"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("EIO"), std::string::npos) << ran.out;
}

TEST_F(Commands, doctor_examines_also_without_a_daemon) {
  store().daemon_is_absent = true;
  const Ran ran = run({"doctor"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.error, "");
  EXPECT_NE(ran.out.find("PROBLEM  objd        no objd listens on /fake.sock\n"), std::string::npos)
      << ran.out;
}

TEST_F(Commands, doctor_says_of_a_running_daemon_what_is_wrong) {
  store().status_json = R"({"arena":{"capacity_bytes":4096,"pages":"4K"},
                            "cluster":{"address":"127.0.0.1:1","directory_connected":false}})";
  const Ran ran = run({"doctor", "--json"});
  EXPECT_EQ(ran.exit_code, 1);
  std::map<std::string, std::string> verdicts;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) {
    const Json finding = Json::parse(line);
    verdicts[finding["check"]] = finding["verdict"];
  }
  EXPECT_EQ(verdicts["objd"], "ok");
  EXPECT_EQ(verdicts["huge_pages"], "warning");
  EXPECT_EQ(verdicts["listen"], "problem");
  EXPECT_EQ(verdicts["directory"], "problem");
}

TEST_F(Commands, completion_prints_the_script) {
  const Ran ran = run({"completion", "bash"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("complete -F _objctl objctl\n"), std::string::npos);
}

TEST_F(Commands, every_command_says_when_there_is_no_daemon) {
  store().daemon_is_absent = true;
  write_file(path("in"), "bytes");
  const std::vector<std::vector<std::string>> all = {
      {"put", path("in")},
      {"get", "name:x"},
      {"ls"},
      {"stat", "name:x"},
      {"rm", "name:x"},
      {"pin", "name:x", "--owner", "o"},
      {"contains", "name:x"},
      {"status"},
      {"unpin", "name:x", "--owner", "o"},
      {"wait", "name:x"},
      {"top"},
      {"nodes"},
      {"where", "name:x"},
      {"transfers"},
      {"prefetch", "name:x"},
      {"push", "name:x", "--node", "1"},
  };
  for (const auto& arguments : all) {
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 3) << arguments[0];
    EXPECT_EQ(ran.error, "objctl: connect: no objd listens on /fake.sock\n") << arguments[0];
    EXPECT_EQ(ran.out, "") << arguments[0];
  }
  EXPECT_EQ(run({"ls", "--json"}).error,
            R"({"error":"connect: no objd listens on /fake.sock","status":"OBJ_EDISCONNECTED"})"
            "\n");
}

}  // namespace
}  // namespace objctl
