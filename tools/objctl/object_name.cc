// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/object_name.hh"

namespace objctl {
namespace {

constexpr std::string_view kNamePrefix = "name:";

}  // namespace

std::optional<ObjectName> object_name_from(std::string_view text) {
  if (text.starts_with(kNamePrefix)) {
    const std::string_view name = text.substr(kNamePrefix.size());
    if (name.empty()) return std::nullopt;
    return object_named(name);
  }
  ObjectName named{std::string(text), {}};
  if (obj_id_from_hex(named.spelling.c_str(), &named.id) != OBJ_OK) return std::nullopt;
  return named;
}

ObjectName object_named(std::string_view name) {
  const std::string terminated(name);
  ObjectName named{std::string(kNamePrefix) + terminated, {}};
  obj_id_from_name(terminated.c_str(), &named.id);
  return named;
}

std::string id_text(const obj_id& id) {
  char text[2 * OBJ_ID_BYTES + 1];
  obj_id_to_hex(&id, text);
  return text;
}

}  // namespace objctl
