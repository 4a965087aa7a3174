// SPDX-License-Identifier: Apache-2.0
// tests/client/support/open_client.hh -- a client of a fake daemon, and ids to use with it.
#pragma once

#include <gtest/gtest.h>
#include <obj/obj.h>

#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/object_id.hh"
#include "client/client.hh"
#include "client/open_request.hh"

namespace obj::test {

struct Close {
  void operator()(obj_client* client) const { obj_close(client); }
};
using ClientHandle = std::unique_ptr<obj_client, Close>;

inline ClientHandle open_client(const std::string& path, const client::OpenRequest& request) {
  client::OpenRequest filled = request;
  filled.socket_path = path;
  filled.name = "test";
  auto opened = client::Client::open(filled);
  EXPECT_TRUE(opened.has_value()) << obj_last_error();
  return ClientHandle(opened ? opened->release() : nullptr);
}

inline ClientHandle open_client(const std::string& path) { return open_client(path, {}); }

// A client that gives up on a daemon that does not answer after `grace_ms`.
inline ClientHandle open_impatient(const std::string& path, uint64_t grace_ms) {
  client::OpenRequest request;
  request.grace_ns = grace_ms * 1'000'000;
  return open_client(path, request);
}

inline obj_id id_named(const std::string& name) {
  obj_id id;
  obj_id_from_name(name.c_str(), &id);
  return id;
}

inline ObjectId object_id(const obj_id& id) { return std::bit_cast<ObjectId>(id); }

inline int put(const ClientHandle& client, const obj_id& id, std::string_view data,
               std::string_view metadata = {}, int32_t timeout_ms = 0) {
  return obj_put(client.get(), &id, data.data(), data.size(), metadata.data(), metadata.size(),
                 timeout_ms);
}

inline std::string data_of(const obj_view& view) {
  return {static_cast<const char*>(view.data), view.data_bytes};
}
inline std::string metadata_of(const obj_view& view) {
  return {static_cast<const char*>(view.metadata), view.metadata_bytes};
}

}  // namespace obj::test
