// SPDX-License-Identifier: Apache-2.0
#include "tests/tools/objctl/fake_libobj.hh"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string_view>
#include <utility>

namespace fake_libobj {
namespace {

std::string last_error;

std::string key(const obj_id& id) {
  return {reinterpret_cast<const char*>(id.bytes), OBJ_ID_BYTES};
}

int fail(int status, const std::string& sentence) {
  last_error = sentence;
  return status;
}

// What fail_next holds for `call`, used up; OBJ_OK if nothing.
int planned(const char* call) {
  const auto found = store().fail_next.find(call);
  if (found == store().fail_next.end()) return OBJ_OK;
  const int status = found->second;
  store().fail_next.erase(found);
  return fail(status, std::string("planned failure of ") + call);
}

Object* find_sealed(const obj_id& id) {
  const auto found = store().objects.find(key(id));
  const bool is_here = found != store().objects.end() && found->second.state == OBJ_STATE_SEALED;
  return is_here ? &found->second : nullptr;
}

obj_info describe(const std::string& id, const Object& object) {
  obj_info info = {};
  std::memcpy(info.id.bytes, id.data(), OBJ_ID_BYTES);
  info.state = object.state;
  info.data_bytes = object.data.size();
  info.metadata_bytes = object.metadata.size();
  info.generation = 1;
  return info;
}

// Text as obj_status() and obj_locate() give it.
int give(const std::string& json, char* text, size_t capacity, size_t* needed_bytes) {
  *needed_bytes = json.size() + 1;
  if (capacity > 0) std::snprintf(text, capacity, "%s", json.c_str());
  return OBJ_OK;
}

}  // namespace

Store& store() {
  static Store the_store;
  return the_store;
}

void reset() { store() = Store(); }

Object object(const obj_id& id) {
  const auto found = store().objects.find(key(id));
  return found == store().objects.end() ? Object() : found->second;
}

obj_id id_of(const char* name) {
  obj_id id;
  obj_id_from_name(name, &id);
  return id;
}

std::string key_of(const char* name) { return key(id_of(name)); }

}  // namespace fake_libobj

using namespace fake_libobj;

struct obj_client {};

extern "C" {

const char* obj_status_name(int status) {
  switch (status) {
    case OBJ_ENOTFOUND: return "OBJ_ENOTFOUND";
    case OBJ_EUNAVAILABLE: return "OBJ_EUNAVAILABLE";
    case OBJ_EDISCONNECTED: return "OBJ_EDISCONNECTED";
    case OBJ_EINVAL: return "OBJ_EINVAL";
    case OBJ_ESYSTEM: return "OBJ_ESYSTEM";
    default: return "OBJ_E_OF_FAKE";
  }
}

const char* obj_last_error(void) { return last_error.c_str(); }
const char* obj_version(void) { return "0.0.0-fake"; }

void obj_id_random(obj_id* id) {
  static uint8_t next = 1;
  std::memset(id->bytes, 0, OBJ_ID_BYTES);
  id->bytes[0] = next++;
}

void obj_id_from_name(const char* name, obj_id* id) {
  const size_t hashed = std::hash<std::string_view>()(name);
  std::memset(id->bytes, 0xee, OBJ_ID_BYTES);
  std::memcpy(id->bytes, &hashed, sizeof hashed);
}

void obj_id_to_hex(const obj_id* id, char text[2 * OBJ_ID_BYTES + 1]) {
  for (size_t i = 0; i < OBJ_ID_BYTES; i++) std::snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
}

int obj_id_from_hex(const char* text, obj_id* id) {
  if (std::strlen(text) != 2 * OBJ_ID_BYTES) return OBJ_EINVAL;
  for (size_t i = 0; i < OBJ_ID_BYTES; i++) {
    const char* const digits = text + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, id->bytes[i], 16);
    if (error != std::errc{} || end != digits + 2) return OBJ_EINVAL;
  }
  return OBJ_OK;
}

int obj_open(const char*, const obj_open_options* options, obj_client** client) {
  if (store().daemon_is_absent) return fail(OBJ_EDISCONNECTED, "no objd listens on /fake.sock");
  if (const int status = planned("obj_open")) return status;
  store().open_flags = options->flags;
  store().sessions_open++;
  *client = new obj_client;
  return OBJ_OK;
}

void obj_close(obj_client* client) {
  std::erase_if(store().objects,
                [](const auto& entry) { return entry.second.state == OBJ_STATE_CREATING; });
  store().views_held = 0;
  store().sessions_open--;
  delete client;
}

int obj_create(obj_client*, const obj_id* id, uint64_t data_bytes, uint64_t metadata_bytes, int32_t,
               obj_buffer* buffer) {
  if (const int status = planned("obj_create")) return status;
  if (store().open_flags & OBJ_READ_ONLY) return fail(OBJ_EREADONLY, "opened read-only");
  if (store().objects.contains(key(*id))) return fail(OBJ_EEXISTS, "that object exists");
  Object& object = store().objects[key(*id)];
  object.data.resize(data_bytes, '?');
  object.metadata.resize(metadata_bytes, '?');
  object.state = OBJ_STATE_CREATING;
  *buffer = {object.data.data(), object.metadata.data(), data_bytes, metadata_bytes, {}};
  return OBJ_OK;
}

int obj_seal(obj_client*, obj_buffer* buffer) {
  if (const int status = planned("obj_seal")) return status;
  for (auto& [id, object] : store().objects) {
    if (object.data.data() == buffer->data) object.state = OBJ_STATE_SEALED;
  }
  return OBJ_OK;
}

int obj_get(obj_client*, const obj_id* id, int32_t, obj_view* view) {
  if (const int status = planned("obj_get")) return status;
  const Object* const object = find_sealed(*id);
  if (object == nullptr) return fail(OBJ_ENOTFOUND, "no object has that id");
  *view = {object->data.data(),
           object->metadata.data(),
           object->data.size(),
           object->metadata.size(),
           {}};
  store().views_held++;
  return OBJ_OK;
}

int obj_contains(obj_client*, const obj_id* id, int* present) {
  if (const int status = planned("obj_contains")) return status;
  *present = find_sealed(*id) != nullptr ? 1 : 0;
  return OBJ_OK;
}

int obj_wait(obj_client*, const obj_id* ids, size_t count, size_t wanted, int32_t, uint8_t* ready,
             size_t* ready_count) {
  if (const int status = planned("obj_wait")) return status;
  *ready_count = 0;
  for (size_t i = 0; i < count; i++) {
    ready[i] = find_sealed(ids[i]) != nullptr ? 1 : 0;
    *ready_count += ready[i];
  }
  return *ready_count >= wanted ? int{OBJ_OK} : fail(OBJ_ETIMEOUT, "time ran out");
}

int obj_delete(obj_client*, const obj_id* id) {
  if (const int status = planned("obj_delete")) return status;
  store().objects.erase(key(*id));
  return OBJ_OK;
}

int obj_pin(obj_client*, const obj_id* id, const char* owner) {
  Object* const object = find_sealed(*id);
  if (object == nullptr) return fail(OBJ_ENOTFOUND, "no object has that id");
  object->owners.insert(owner);
  return OBJ_OK;
}

int obj_unpin(obj_client*, const obj_id* id, const char* owner) {
  Object* const object = find_sealed(*id);
  if (object == nullptr) return fail(OBJ_ENOTFOUND, "no object has that id");
  return object->owners.erase(owner) == 1 ? int{OBJ_OK} : fail(OBJ_ENOTOWNER, "no such pin");
}

int obj_stat(obj_client*, const obj_id* id, obj_info* info) {
  if (const int status = planned("obj_stat")) return status;
  const auto found = store().objects.find(key(*id));
  if (found == store().objects.end()) return fail(OBJ_ENOTFOUND, "no object has that id");
  *info = describe(found->first, found->second);
  info->owner_pins = static_cast<uint32_t>(found->second.owners.size());
  info->views = 3;
  return OBJ_OK;
}

// One object a call, so that callers have to follow the cursor.
int obj_list(obj_client*, uint64_t* cursor, obj_info* infos, size_t capacity, size_t* count) {
  if (const int status = planned("obj_list")) return status;
  const auto& objects = store().objects;
  *count = 0;
  if (*cursor < objects.size() && capacity > 0) {
    const auto at = std::next(objects.begin(), static_cast<std::ptrdiff_t>(*cursor));
    infos[(*count)++] = describe(at->first, at->second);
    ++*cursor;
  }
  if (*cursor >= objects.size()) *cursor = 0;
  return OBJ_OK;
}

int obj_status(obj_client*, uint32_t topic, char* text, size_t capacity, size_t* needed_bytes) {
  if (const int status = planned("obj_status")) return status;
  const auto found = store().topic_json.find(topic);
  return give(found == store().topic_json.end() ? store().status_json : found->second, text,
              capacity, needed_bytes);
}

int obj_locate(obj_client*, const obj_id* id, char* text, size_t capacity, size_t* needed_bytes) {
  if (const int status = planned("obj_locate")) return status;
  const auto found = store().location.find(key(*id));
  return give(found == store().location.end() ? R"({"copies":[]})" : found->second, text, capacity,
              needed_bytes);
}

int obj_prefetch(obj_client*, const obj_id* ids, size_t count, int32_t timeout_ms) {
  if (const int status = planned("obj_prefetch")) return status;
  for (size_t i = 0; i < count; i++) store().prefetched.insert(key(ids[i]));
  store().prefetch_timeout_ms = timeout_ms;
  return OBJ_OK;
}

int obj_push(obj_client*, const obj_id* id, uint32_t node) {
  if (const int status = planned("obj_push")) return status;
  store().pushed[key(*id)] = node;
  return OBJ_OK;
}

int obj_spill(obj_client*, const obj_id* id) {
  if (const int status = planned("obj_spill")) return status;
  store().spilled.insert(key(*id));
  return OBJ_OK;
}

int obj_restore(obj_client*, const obj_id* id, int32_t timeout_ms) {
  if (const int status = planned("obj_restore")) return status;
  store().restored[key(*id)] = timeout_ms;
  return OBJ_OK;
}

}  // extern "C"
