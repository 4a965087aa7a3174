// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/client.hh"

#include <fmt/format.h>

namespace objbench {
namespace {

// Long enough for a create that has to wait, short enough that nothing hangs for ever.
constexpr int32_t kTimeoutMs = 10'000;

// What `call` reports. Its report may be that there is none, and why.
template <class Read>
Outcome<nlohmann::json> json_of(const char* call, Read read) {
  std::string text(64 << 10, '\0');
  size_t needed_bytes = 0;
  OBJBENCH_DO(succeeded(read(text.data(), text.size(), &needed_bytes), call));
  if (needed_bytes > text.size()) {
    text.resize(needed_bytes + 4096);  // room for what may be new in the second answer
    OBJBENCH_DO(succeeded(read(text.data(), text.size(), &needed_bytes), call));
  }
  auto json = nlohmann::json::parse(text.c_str(), nullptr, false);
  if (!json.is_object()) return std::unexpected(std::string(call) + ": the report is not JSON");
  if (json.contains("error")) {
    return std::unexpected(std::string(call) + ": " + json["error"].dump());
  }
  return json;
}

}  // namespace

Outcome<void> succeeded(int status, const char* call) {
  if (status == OBJ_OK) return {};
  return std::unexpected(
      fmt::format("{}: {}: {}", call, obj_status_name(status), obj_last_error()));
}

Outcome<Client> Client::open(const std::string& socket, uint32_t requests_max) {
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.requests_max = requests_max;
  options.name = "objbench";
  obj_client* client = nullptr;
  const char* const path = socket.empty() ? nullptr : socket.c_str();
  OBJBENCH_DO(succeeded(obj_open(path, &options, &client), "obj_open"));
  return Client(client);
}

Outcome<nlohmann::json> Client::status(uint32_t topic) const {
  return json_of("obj_status", [&](char* text, size_t capacity, size_t* needed_bytes) {
    return obj_status(client_, topic, text, capacity, needed_bytes);
  });
}

Outcome<nlohmann::json> Client::locate(const obj_id& id) const {
  return json_of("obj_locate", [&](char* text, size_t capacity, size_t* needed_bytes) {
    return obj_locate(client_, &id, text, capacity, needed_bytes);
  });
}

Outcome<std::string> Client::pages() const {
  OBJBENCH_TRY(const nlohmann::json report, status());
  return report.value("/arena/pages"_json_pointer, std::string("unknown"));
}

std::vector<obj_id> random_ids(size_t count) {
  std::vector<obj_id> ids(count);
  for (obj_id& id : ids) obj_id_random(&id);
  return ids;
}

Outcome<void> put(const Client& client, const obj_id& id, std::span<const std::byte> data) {
  return succeeded(obj_put(client.get(), &id, data.data(), data.size(), nullptr, 0, kTimeoutMs),
                   "obj_put");
}

Outcome<void> remove(const Client& client, const obj_id& id) {
  return succeeded(obj_delete(client.get(), &id), "obj_delete");
}

}  // namespace objbench
