// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/client.hh"

#include <cstring>
#include <random>

namespace obj {

Client open_client(const std::string& socket, obj_open_options options) {
  obj_client* client = nullptr;
  EXPECT_THAT(obj_open(socket.c_str(), &options, &client), Gives(OBJ_OK)) << socket;
  return Client(client);
}

obj_id id_of(const std::string& name) {
  obj_id id;
  obj_id_from_name(name.c_str(), &id);
  return id;
}

bool operator==(const obj_id& one, const obj_id& other) {
  return std::memcmp(one.bytes, other.bytes, sizeof one.bytes) == 0;
}

std::string pattern(size_t size, uint64_t seed) {
  std::mt19937_64 words(seed);
  std::string text(size, '\0');
  for (size_t start = 0; start < size; start += sizeof(uint64_t)) {
    const uint64_t word = words();
    std::memcpy(text.data() + start, &word, std::min(sizeof word, size - start));
  }
  return text;
}

int put(const Client& client, const obj_id& id, std::string_view data, std::string_view metadata,
        int32_t timeout_ms) {
  return obj_put(client.get(), &id, data.data(), data.size(), metadata.data(), metadata.size(),
                 timeout_ms);
}

int get(const Client& client, const obj_id& id, obj_view& view, int32_t timeout_ms) {
  return obj_get(client.get(), &id, timeout_ms, &view);
}

bool contains(const Client& client, const obj_id& id) {
  int present = 0;
  EXPECT_THAT(obj_contains(client.get(), &id, &present), Gives(OBJ_OK));
  return present == 1;
}

std::string_view data_of(const obj_view& view) {
  return {static_cast<const char*>(view.data), view.data_bytes};
}

std::string_view metadata_of(const obj_view& view) {
  return {static_cast<const char*>(view.metadata), view.metadata_bytes};
}

nlohmann::json status_of(const Client& client, bool audit) {
  std::string text(size_t{1} << 20, '\0');
  size_t needed_bytes = 0;
  const uint32_t flags = audit ? OBJ_STATUS_AUDIT : 0;
  EXPECT_THAT(obj_status(client.get(), flags, text.data(), text.size(), &needed_bytes),
              Gives(OBJ_OK));
  if (needed_bytes == 0 || needed_bytes > text.size()) return nlohmann::json::object();
  return nlohmann::json::parse(text.c_str());
}

testing::AssertionResult is_at_rest(const Client& client, uint64_t objects) {
  const nlohmann::json status = status_of(client, true);
  const nlohmann::json& ledger = status["ledger"];
  bool rests = status["audit"]["agrees"] == true && ledger["sealed"]["objects"] == objects &&
               ledger["unsealed"]["objects"] == 0 && ledger["withdrawn"]["objects"] == 0;
  uint64_t bytes_used = ledger["sealed"]["bytes"];
  rests = rests && status["arena"]["free_bytes"] ==
                       status["arena"]["capacity_bytes"].get<uint64_t>() - bytes_used;
  for (const auto& session : status["sessions"]) rests = rests && session["views"] == 0;
  if (rests) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "expected " << objects << " sealed objects and no more in " << status.dump(1);
}

}  // namespace obj
