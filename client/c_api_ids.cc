// SPDX-License-Identifier: Apache-2.0
// client/c_api_ids.cc -- the functions of obj.h that need no client: messages and ids.

#include "client/c_boundary.hh"

#include <bit>
#include <cstring>
#include <string>

#include "base/object_id.hh"

using obj::client::any_null;
using obj::client::fail;
using obj::client::id_of;
using obj::client::null_argument;

const char* obj_status_name(int status) {
  switch (status) {
    case OBJ_OK: return "OBJ_OK";
    case OBJ_ENOTFOUND: return "OBJ_ENOTFOUND";
    case OBJ_ETIMEOUT: return "OBJ_ETIMEOUT";
    case OBJ_ENOMEM: return "OBJ_ENOMEM";
    case OBJ_EDISCONNECTED: return "OBJ_EDISCONNECTED";
    case OBJ_EINVAL: return "OBJ_EINVAL";
    case OBJ_ESYSTEM: return "OBJ_ESYSTEM";
    case OBJ_EEXISTS: return "OBJ_EEXISTS";
    case OBJ_EREADONLY: return "OBJ_EREADONLY";
    case OBJ_EFORKED: return "OBJ_EFORKED";
    case OBJ_ELIMIT: return "OBJ_ELIMIT";
    case OBJ_EREFUSED: return "OBJ_EREFUSED";
    case OBJ_ETOOLARGE: return "OBJ_ETOOLARGE";
    case OBJ_ECANCELLED: return "OBJ_ECANCELLED";
    case OBJ_ENOTOWNER: return "OBJ_ENOTOWNER";
    case OBJ_EUNAVAILABLE: return "OBJ_EUNAVAILABLE";
    case OBJ_EDAMAGED: return "OBJ_EDAMAGED";
  }
  return "unknown status";
}

const char* obj_last_error() { return obj::client::last_error(); }

const char* obj_version() { return OBJ_VERSION; }

void obj_id_random(obj_id* id) { *id = std::bit_cast<obj_id>(obj::random_object_id()); }

void obj_id_from_bytes(const void* bytes, obj_id* id) {
  std::memcpy(id->bytes, bytes, OBJ_ID_BYTES);
}

void obj_id_from_name(const char* name, obj_id* id) {
  *id = std::bit_cast<obj_id>(obj::object_id_from_name(name));
}

void obj_id_to_hex(const obj_id* id, char text[2 * OBJ_ID_BYTES + 1]) {
  const std::string hex = obj::to_hex(id_of(*id));
  std::memcpy(text, hex.c_str(), hex.size() + 1);
}

int obj_id_from_hex(const char* text, obj_id* id) {
  if (any_null(text, id)) return null_argument("obj_id_from_hex");
  const auto parsed = obj::object_id_from_hex(text);
  if (!parsed) return fail(OBJ_EINVAL, "\"%.64s\" is not an id: 32 hex digits", text);
  *id = std::bit_cast<obj_id>(*parsed);
  return OBJ_OK;
}
