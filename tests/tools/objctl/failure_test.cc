// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/failure.hh"

#include <gtest/gtest.h>

#include <cerrno>

#include "tools/objctl/json_fields.hh"

namespace objctl {
namespace {

TEST(Failure, is_told_in_one_line) {
  const Failure failure{OBJ_ENOTFOUND, "get name:x", "no object\nhas that id"};
  EXPECT_EQ(failure_line(failure, false), "objctl: get name:x: no object?has that id\n");
}

TEST(Failure, is_told_to_programs_with_its_status) {
  const Failure failure{OBJ_ENOTFOUND, "get name:x", "no \"object\""};
  const std::string line = failure_line(failure, true);
  EXPECT_EQ(line, R"({"error":"get name:x: no \"object\"","status":"OBJ_ENOTFOUND"})"
                  "\n");
  EXPECT_TRUE(Json::accept(line));
}

TEST(Failure, may_hold_bytes_that_are_not_utf8) {
  EXPECT_TRUE(Json::accept(failure_line({OBJ_ESYSTEM, "bad\xff", "x"}, true)));
}

TEST(Failure, of_a_missing_daemon_has_its_own_exit_code) {
  EXPECT_EQ(exit_code({OBJ_EDISCONNECTED, "", ""}), 3);
  EXPECT_EQ(exit_code({OBJ_ENOTFOUND, "", ""}), 1);
  EXPECT_EQ(exit_code({OBJ_ESYSTEM, "", ""}), 1);
}

TEST(Failure, of_a_system_call_names_its_cause) {
  const Failure failure = system_failure(ENOENT, "model.bin").error();
  EXPECT_EQ(failure.status, OBJ_ESYSTEM);
  EXPECT_EQ(failure_line(failure, false), "objctl: model.bin: No such file or directory\n");
}

}  // namespace
}  // namespace objctl
