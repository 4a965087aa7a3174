// SPDX-License-Identifier: Apache-2.0
// tests/loopback/limits_test.cc -- limits of a session and of the daemon, and what is said at each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

obj_open_options with(uint32_t pins_max, uint32_t requests_max) {
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.pins_max = pins_max;
  options.requests_max = requests_max;
  return options;
}

int open_status(const InProcessNode& node, const obj_open_options& options) {
  obj_client* client = nullptr;
  const int status = obj_open(node.socket().c_str(), &options, &client);
  if (status == OBJ_OK) obj_close(client);
  return status;
}

TEST(Limits, of_sessions_refuse_the_next_client_until_one_leaves) {
  NodeConfig config = InProcessNode::small_config();
  config.sessions_max = 3;
  const InProcessNode node(config);
  std::vector<Client> clients;
  for (int n = 0; n < 3; n++) clients.push_back(node.open());
  EXPECT_THAT(open_status(node, OBJ_OPEN_OPTIONS_INIT), Gives(OBJ_EREFUSED));
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("sessions_max"));
  clients.pop_back();
  EXPECT_TRUE(wait_until([&] { return open_status(node, OBJ_OPEN_OPTIONS_INIT) == OBJ_OK; }));
}

TEST(Limits, of_views_refuse_the_next_get_until_one_is_released) {
  const InProcessNode node;
  constexpr uint32_t kPins = 100;
  const Client client = node.open(with(kPins, 0));
  ASSERT_THAT(put(client, id_of("object"), "bytes"), Gives(OBJ_OK));
  std::vector<obj_view> views(kPins);
  for (obj_view& view : views) ASSERT_THAT(get(client, id_of("object"), view), Gives(OBJ_OK));
  obj_view one_more{};
  EXPECT_THAT(get(client, id_of("object"), one_more), Gives(OBJ_ELIMIT));
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("pins_max"));
  EXPECT_THAT(obj_release(client.get(), &views[50]), Gives(OBJ_OK));
  EXPECT_THAT(get(client, id_of("object"), views[50]), Gives(OBJ_OK));
  EXPECT_EQ(status_of(client)["sessions"][0]["views"], kPins);
  EXPECT_THAT(obj_release_many(client.get(), views.data(), views.size()), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(client, 1));
}

TEST(Limits, of_requests_refuse_the_next_one_until_one_is_collected) {
  const InProcessNode node;
  constexpr uint32_t kRequests = 16;
  const Client client = node.open(with(0, kRequests));
  std::vector<obj_view> views(kRequests + 1);
  std::vector<obj_request*> requests(kRequests + 1);
  const obj_id id = id_of("late");
  const auto start = [&](uint32_t n) {
    return obj_get_async(client.get(), &id, OBJ_FOREVER, &views[n], &requests[n]);
  };
  for (uint32_t n = 0; n < kRequests; n++) ASSERT_THAT(start(n), Gives(OBJ_OK));
  EXPECT_THAT(start(kRequests), Gives(OBJ_ELIMIT));
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("requests_max"));
  const Client other = node.open();
  ASSERT_THAT(put(other, id, "late"), Gives(OBJ_OK));
  EXPECT_THAT(obj_wait_all(client.get(), requests.data(), kRequests, 10'000, nullptr),
              Gives(OBJ_OK));
  EXPECT_THAT(start(kRequests), Gives(OBJ_OK));
  EXPECT_THAT(obj_wait_all(client.get(), &requests[kRequests], 1, 10'000, nullptr), Gives(OBJ_OK));
  EXPECT_THAT(obj_release_many(client.get(), views.data(), views.size()), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(other, 1));
}

TEST(Limits, of_the_daemon_are_told_at_open) {
  NodeConfig config = InProcessNode::small_config();
  config.client_pins_max = 128;
  config.client_requests_max = 64;
  const InProcessNode node(config);
  EXPECT_THAT(open_status(node, with(129, 0)), Gives(OBJ_EREFUSED));
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("client_pins_max"));
  EXPECT_THAT(open_status(node, with(0, 128)), Gives(OBJ_EREFUSED));
  EXPECT_THAT(obj_last_error(), testing::HasSubstr("client_requests_max"));
  EXPECT_THAT(open_status(node, with(128, 64)), Gives(OBJ_OK));
  EXPECT_THAT(open_status(node, with(0, 0)), Gives(OBJ_OK));  // defaults are cut to what there is
  const int odd = open_status(node, with(0, 24));
  EXPECT_TRUE(odd == OBJ_EINVAL || odd == OBJ_EREFUSED) << obj_status_name(odd);
}

TEST(Limits, of_a_wait_name_requests_max) {
  const InProcessNode node;
  const Client client = node.open(with(0, 16));
  std::vector<obj_id> ids;
  for (int n = 0; n < 17; n++) ids.push_back(id_of(std::to_string(n)));
  std::vector<uint8_t> ready(ids.size());
  size_t ready_count = 0;
  EXPECT_THAT(obj_wait(client.get(), ids.data(), ids.size(), 1, 0, ready.data(), &ready_count),
              Gives(OBJ_ELIMIT));
  EXPECT_THAT(obj_wait(client.get(), ids.data(), 16, 1, 10, ready.data(), &ready_count),
              Gives(OBJ_ETIMEOUT));
}

}  // namespace
}  // namespace obj
