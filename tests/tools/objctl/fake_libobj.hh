// SPDX-License-Identifier: Apache-2.0
// tests/tools/objctl/fake_libobj.hh -- a libobj that keeps objects in this process, for tests of
// commands.
//
// Fault model: any call can be made to fail with any status, once (fail_next), and a daemon can be
// absent (daemon_is_absent). It implements the calls of obj.h that objctl makes, with the errors
// that obj.h promises for them; waiting never waits, but fails as if the time had run out.
#pragma once

#include <obj/obj.h>

#include <map>
#include <set>
#include <string>

namespace fake_libobj {

struct Object {
  std::string data;
  std::string metadata;
  uint32_t state = OBJ_STATE_SEALED;
  std::set<std::string> owners;
};

// All that the fake knows. Tests look and change at will; reset() before each.
struct Store {
  std::map<std::string, Object> objects;  // by the 16 bytes of the id
  std::string status_json = "{}";
  std::map<uint32_t, std::string> topic_json;   // of obj_status(), instead of status_json
  std::map<std::string, std::string> location;  // JSON of obj_locate(), by the 16 bytes of the id
  std::set<std::string> prefetched;             // likewise
  int32_t prefetch_timeout_ms = 0;              // of the last obj_prefetch()
  std::map<std::string, uint32_t> pushed;       // id -> node
  std::set<std::string> spilled;                // ids
  std::map<std::string, int32_t> restored;      // id -> timeout_ms
  bool daemon_is_absent = false;
  std::map<std::string, int> fail_next;  // call -> status, e.g. {"obj_seal", OBJ_ENOTFOUND}
  int sessions_open = 0;
  int views_held = 0;
  uint32_t open_flags = 0;  // of the last obj_open()
};

Store& store();
void reset();

// The object of this id; empty data if there is none.
Object object(const obj_id& id);
obj_id id_of(const char* name);
std::string key_of(const char* name);  // its 16 bytes

}  // namespace fake_libobj
