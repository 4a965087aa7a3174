// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/client.hh -- libobj with fewer words, for tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <obj/obj.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace obj {

struct ClientCloser {
  void operator()(obj_client* client) const { obj_close(client); }
};
using Client = std::unique_ptr<obj_client, ClientCloser>;

// Null, and a failure of the test, if the session is refused.
Client open_client(const std::string& socket, obj_open_options options = OBJ_OPEN_OPTIONS_INIT);

// EXPECT_THAT(obj_seal(client, &buffer), Gives(OBJ_OK)): a mismatch shows the library's sentence.
MATCHER_P(Gives, status, std::string("is ") + obj_status_name(status)) {
  *result_listener << "which is " << obj_status_name(arg) << ": " << obj_last_error();
  return arg == status;
}

obj_id id_of(const std::string& name);
bool operator==(const obj_id& one, const obj_id& other);

// `size` bytes that look like no others: they follow from `seed`.
std::string pattern(size_t size, uint64_t seed);

int put(const Client& client, const obj_id& id, std::string_view data,
        std::string_view metadata = {}, int32_t timeout_ms = 0);
int get(const Client& client, const obj_id& id, obj_view& view, int32_t timeout_ms = 0);
bool contains(const Client& client, const obj_id& id);

std::string_view data_of(const obj_view& view);
std::string_view metadata_of(const obj_view& view);

// obj_status() as JSON. With `audit`, the daemon has recounted its ledger; `audit.agrees` says how
// that went.
nlohmann::json status_of(const Client& client, bool audit = false);

// The ledger equals its recount, and nothing is unsealed, viewed or withdrawn: only `objects`
// sealed ones are there.
testing::AssertionResult is_at_rest(const Client& client, uint64_t objects);

}  // namespace obj
