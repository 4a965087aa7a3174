// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/command_line.hh"

#include <gtest/gtest.h>

namespace objctl {
namespace {

constexpr const char* kHex = "00112233445566778899aabbccddeeff";

using Arguments = std::vector<std::string>;

// The options of the command that the arguments give.
template <class Options>
Options parsed(const Arguments& arguments) {
  const auto invocation = parse_command_line(arguments);
  if (!invocation) {
    ADD_FAILURE() << invocation.error().error;
    return {};
  }
  const auto* const options = std::get_if<Options>(&invocation->command);
  if (options == nullptr) ADD_FAILURE() << "another command";
  return options == nullptr ? Options() : *options;
}

GlobalOptions global(const Arguments& arguments) {
  const auto invocation = parse_command_line(arguments);
  EXPECT_TRUE(invocation);
  return invocation ? invocation->global : GlobalOptions();
}

// The complaint about arguments that are wrong.
std::string refused(const Arguments& arguments) {
  const auto invocation = parse_command_line(arguments);
  if (invocation) return "accepted";
  EXPECT_EQ(invocation.error().exit_code, 2);
  EXPECT_EQ(invocation.error().out, "");
  EXPECT_TRUE(invocation.error().error.ends_with("\n"));
  return invocation.error().error;
}

std::string joined(const Arguments& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += " " + argument;
  return text;
}

TEST(CommandLine, takes_global_options_before_and_after_the_command) {
  for (const Arguments& arguments : {Arguments{"--socket", "/s", "--json", "--timeout", "7", "ls"},
                                     Arguments{"ls", "--socket=/s", "--json", "--timeout=7"}}) {
    const GlobalOptions options = global(arguments);
    EXPECT_EQ(options.socket, "/s");
    EXPECT_TRUE(options.json);
    EXPECT_EQ(options.timeout_ms, 7);
  }
  EXPECT_EQ(global({"ls"}).timeout_ms, std::nullopt);
  EXPECT_EQ(global({"ls", "--timeout", "-1"}).timeout_ms, -1);
  EXPECT_FALSE(global({"ls"}).json);
}

TEST(CommandLine, put_takes_standard_input_and_no_id) {
  const auto options = parsed<PutOptions>({"put", "-"});
  EXPECT_EQ(options.file, "-");
  EXPECT_FALSE(options.object);
  EXPECT_FALSE(options.no_progress);
}

TEST(CommandLine, put_takes_an_id_or_a_name) {
  EXPECT_EQ(id_text(parsed<PutOptions>({"put", "f", "--id", kHex}).object.value().id), kHex);
  const auto by_name = parsed<PutOptions>({"put", "--name", "x", "f", "--metadata", "@m"});
  EXPECT_EQ(id_text(by_name.object.value().id), id_text(object_named("x").id));
  EXPECT_EQ(by_name.file, "f");
  EXPECT_EQ(by_name.metadata, "@m");
  const auto by_named_id = parsed<PutOptions>({"put", "f", "--id", "name:x"});
  EXPECT_EQ(id_text(by_named_id.object.value().id), id_text(object_named("x").id));
}

TEST(CommandLine, get_takes_an_id_and_a_file) {
  const auto options = parsed<GetOptions>({"get", kHex, "out", "--sync", "--metadata"});
  EXPECT_EQ(id_text(options.object.id), kHex);
  EXPECT_EQ(options.file, "out");
  EXPECT_TRUE(options.sync);
  EXPECT_TRUE(options.metadata_only);
  EXPECT_EQ(parsed<GetOptions>({"get", "name:x"}).file, "");
  EXPECT_EQ(parsed<GetOptions>({"get", "name:x", "-"}).file, "-");
}

TEST(CommandLine, get_takes_only_a_file_beside_a_name) {
  const auto options = parsed<GetOptions>({"get", "--name", "x", "out"});
  EXPECT_EQ(options.object.spelling, "name:x");
  EXPECT_EQ(options.file, "out");
  EXPECT_EQ(parsed<GetOptions>({"get", "--name", "x"}).file, "");
}

TEST(CommandLine, ls_takes_filters_order_and_columns) {
  const auto options =
      parsed<LsOptions>({"ls", "AB", "-l", "--state", "sealed,creating", "--min-size", "64M",
                         "--sort", "size", "-r", "--limit", "5"});
  EXPECT_EQ(options.filter.id_prefix, "ab");
  EXPECT_EQ(options.filter.states, (std::vector<uint32_t>{OBJ_STATE_SEALED, OBJ_STATE_CREATING}));
  EXPECT_EQ(options.filter.size_bytes_min, uint64_t{64} << 20);
  EXPECT_EQ(options.order.key, ListingOrder::Key::kSize);
  EXPECT_TRUE(options.order.is_reversed);
  EXPECT_TRUE(options.columns.is_long);
  EXPECT_EQ(options.limit, 5u);
}

TEST(CommandLine, ls_shows_everything_by_id_unless_told_otherwise) {
  const auto options = parsed<LsOptions>({"ls"});
  EXPECT_EQ(options.order.key, ListingOrder::Key::kId);
  EXPECT_FALSE(options.order.is_reversed);
  EXPECT_EQ(options.limit, std::nullopt);
  EXPECT_TRUE(options.filter.admits(obj_info{}));
}

TEST(CommandLine, takes_several_objects) {
  EXPECT_EQ(parsed<RmOptions>({"rm", kHex, "name:a", "name:b"}).objects.size(), 3u);
  EXPECT_EQ(parsed<StatOptions>({"stat", kHex}).objects.size(), 1u);
  EXPECT_EQ(parsed<ContainsOptions>({"contains", kHex, kHex}).objects.size(), 2u);
  const auto pin = parsed<PinOptions>({"pin", "name:a", "--owner", "serving", "name:b"});
  EXPECT_EQ(pin.objects.size(), 2u);
  EXPECT_EQ(pin.owner, "serving");
  EXPECT_EQ(parsed<UnpinOptions>({"unpin", "name:a", "--owner", "x"}).owner, "x");
  const auto wait = parsed<WaitOptions>({"wait", "name:a", "name:b", "--count", "1"});
  EXPECT_EQ(wait.objects.size(), 2u);
  EXPECT_EQ(wait.count, 1u);
  EXPECT_EQ(parsed<WaitOptions>({"wait", "name:a"}).count, std::nullopt);
}

TEST(CommandLine, status_top_and_completion_take_their_options) {
  EXPECT_FALSE(parsed<StatusOptions>({"status"}).audit);
  EXPECT_TRUE(parsed<StatusOptions>({"status", "--audit"}).audit);
  const auto top = parsed<TopOptions>({"top", "-n", "3", "-d", "0.5"});
  EXPECT_EQ(top.frames_max, 3u);
  EXPECT_DOUBLE_EQ(top.interval_s, 0.5);
  EXPECT_EQ(parsed<TopOptions>({"top"}).frames_max, std::nullopt);
  EXPECT_EQ(parsed<CompletionOptions>({"completion", "bash"}).shell, "bash");
}

TEST(CommandLine, refuses_what_is_wrong_and_says_so_in_one_line) {
  const std::vector<Arguments> wrong = {
      {},
      {"frobnicate"},
      {"--bogus"},
      {"ls", "--bogus"},
      {"put"},
      {"put", "a", "b"},
      {"put", ""},
      {"put", "f", "--id", "xyz"},
      {"put", "f", "--id", kHex, "--name", "x"},
      {"put", "f", "--name", ""},
      {"get"},
      {"get", "xyz"},
      {"get", "--name", "x", "out", "another"},
      {"rm"},
      {"rm", kHex, "xyz"},
      {"ls", "xyz"},
      {"ls", "--state", "gone"},
      {"ls", "--min-size", "big"},
      {"ls", "--sort", "1"},
      {"ls", "--limit", "-1"},
      {"ls", "--limit", "99999999999999999999"},
      {"wait", kHex, "--count", "-1"},
      {"wait", kHex, "--count", "one"},
      {"top", "-n", "-1"},
      {"pin", kHex},
      {"pin", kHex, "--owner", ""},
      {"pin", kHex, "--owner", std::string(32, 'x')},
      {"wait", kHex, "--count", "2"},
      {"top", "-d", "0"},
      {"top", "-n", "0"},
      {"where"},
      {"prefetch"},
      {"push", kHex},
      {"push", kHex, "--node", "0"},
      {"push", kHex, "--node", "4294967296"},
      {"push", kHex, "--node", "-1"},
      {"transfers", "-n", "2"},
      {"transfers", "--delay", "2"},
      {"doctor", "--memory", "lots"},
      {"doctor", "--listen", "7461"},
      {"completion"},
      {"completion", "zsh"},
      {"--timeout", "-2", "ls"},
      {"--timeout", "soon", "ls"},
      {"--socket", "", "ls"},
  };
  for (const Arguments& arguments : wrong) {
    const std::string complaint = refused(arguments);
    EXPECT_TRUE(complaint.starts_with("objctl: usage: ")) << complaint << " " << joined(arguments);
    EXPECT_EQ(complaint.find('\n'), complaint.size() - 1) << complaint;
  }
}

TEST(CommandLine, takes_the_arguments_of_the_cluster_commands) {
  EXPECT_EQ(parsed<WhereOptions>({"where", kHex, "name:x"}).objects.size(), 2u);
  EXPECT_EQ(parsed<PrefetchOptions>({"prefetch", kHex}).objects.size(), 1u);
  const auto push = parsed<PushOptions>({"push", kHex, "name:x", "--node", "4294967295"});
  EXPECT_EQ(push.objects.size(), 2u);
  EXPECT_EQ(push.node, 4294967295u);
  EXPECT_FALSE(parsed<TransfersOptions>({"transfers"}).watch);
  const auto watch = parsed<TransfersOptions>({"transfers", "-w", "-n", "3", "-d", "0.5"});
  EXPECT_TRUE(watch.watch);
  EXPECT_EQ(watch.frames_max, 3u);
  EXPECT_EQ(watch.interval_s, 0.5);
  EXPECT_EQ(parsed<DoctorOptions>({"doctor"}).memory_bytes, std::nullopt);
  const auto doctor = parsed<DoctorOptions>(
      {"doctor", "--memory", "64G", "--listen", "[::1]:0", "--directory", "node-1:7462"});
  EXPECT_EQ(doctor.memory_bytes, uint64_t{64} << 30);
  EXPECT_EQ(doctor.listen, "[::1]:0");
  EXPECT_EQ(doctor.directory, "node-1:7462");
}

TEST(CommandLine, names_the_command_whose_help_is_useful) {
  EXPECT_NE(refused({"pin", kHex}).find("`objctl pin --help`"), std::string::npos);
  EXPECT_NE(refused({"frobnicate"}).find("there is no `frobnicate`"), std::string::npos);
}

TEST(CommandLine, complains_in_json_when_asked_even_if_the_rest_makes_no_sense) {
  const std::string complaint = refused({"frobnicate", "--json"});
  EXPECT_TRUE(complaint.starts_with(R"({"error":"usage: )")) << complaint;
  EXPECT_NE(complaint.find(R"("status":"OBJ_EINVAL")"), std::string::npos) << complaint;
}

TEST(CommandLine, help_and_version_are_no_errors) {
  for (const Arguments& arguments :
       {Arguments{"--help"}, Arguments{"put", "--help"}, Arguments{"--version"}}) {
    const auto invocation = parse_command_line(arguments);
    ASSERT_FALSE(invocation);
    EXPECT_EQ(invocation.error().exit_code, 0);
    EXPECT_EQ(invocation.error().error, "");
    EXPECT_TRUE(invocation.error().out.ends_with("\n"));
  }
}

TEST(CommandLine, help_of_every_command_has_an_example) {
  for (const char* command :
       {"put",      "get",  "ls",     "stat",    "rm",           "pin",    "unpin",
        "contains", "wait", "status", "top",     "nodes",        "where",  "transfers",
        "prefetch", "push", "spill",  "restore", "spill-status", "doctor", "completion"}) {
    const auto invocation = parse_command_line({command, "--help"});
    ASSERT_FALSE(invocation);
    EXPECT_NE(invocation.error().out.find("\nExamples:\n"), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace objctl
