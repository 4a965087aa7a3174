// SPDX-License-Identifier: Apache-2.0
// tests/client/open_request_test.cc -- options of this, older and newer programs.
#include "client/open_request.hh"

#include <gtest/gtest.h>

#include <cstring>

namespace obj::client {
namespace {

// What a program that knows a longer struct would hand over.
struct NewerOptions {
  obj_open_options known = OBJ_OPEN_OPTIONS_INIT;
  uint64_t added = 0;
};

TEST(OpenRequest, has_defaults_without_options) {
  const auto request = make_open_request("/some/socket", nullptr);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->socket_path, "/some/socket");
  EXPECT_FALSE(request->read_only);
  EXPECT_EQ(request->timeout_ms, 5000);
  EXPECT_EQ(request->pins_max, 0u);
  EXPECT_EQ(request->requests_max, 0u);
  EXPECT_FALSE(request->name.empty());
}

TEST(OpenRequest, takes_what_the_options_say) {
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.flags = OBJ_READ_ONLY;
  options.pins_max = 5;
  options.requests_max = 32;
  options.spin_us = 7;
  options.timeout_ms = 11;
  options.name = "me";
  const auto request = make_open_request("/s", &options);
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->read_only);
  EXPECT_EQ(request->pins_max, 5u);
  EXPECT_EQ(request->requests_max, 32u);
  EXPECT_EQ(request->spin_ns, 7000u);
  EXPECT_EQ(request->timeout_ms, 11);
  EXPECT_EQ(request->name, "me");
}

TEST(OpenRequest, finds_the_socket_where_the_environment_says) {
  ::setenv("OBJD_SOCKET", "/from/environment", 1);
  EXPECT_EQ(make_open_request(nullptr, nullptr)->socket_path, "/from/environment");
  ::unsetenv("OBJD_SOCKET");
}

TEST(OpenRequest, accepts_a_newer_struct_if_its_tail_is_zero) {
  NewerOptions newer;
  newer.known.struct_bytes = sizeof newer;
  newer.known.pins_max = 3;
  EXPECT_EQ(make_open_request("/s", &newer.known)->pins_max, 3u);
  newer.added = uint64_t{1} << 63;
  EXPECT_EQ(make_open_request("/s", &newer.known).error(), OBJ_EINVAL);
}

TEST(OpenRequest, refuses_a_struct_shorter_than_the_first) {
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  for (const uint32_t struct_bytes : {0u, 31u}) {
    options.struct_bytes = struct_bytes;
    EXPECT_EQ(make_open_request("/s", &options).error(), OBJ_EINVAL);
    EXPECT_NE(std::strstr(obj_last_error(), "OBJ_OPEN_OPTIONS_INIT"), nullptr);
  }
}

TEST(OpenRequest, refuses_values_out_of_range) {
  const auto refused = [](auto&& change) {
    obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
    change(options);
    return !make_open_request("/s", &options).has_value();
  };
  EXPECT_TRUE(refused([](auto& options) { options.flags = 2; }));
  EXPECT_TRUE(refused([](auto& options) { options.pins_max = (1u << 20) + 1; }));
  EXPECT_TRUE(refused([](auto& options) { options.requests_max = 8; }));
  EXPECT_TRUE(refused([](auto& options) { options.requests_max = 100; }));
  EXPECT_TRUE(refused([](auto& options) { options.requests_max = 131072; }));
  EXPECT_FALSE(refused([](auto& options) { options.requests_max = 65536; }));
}

}  // namespace
}  // namespace obj::client
