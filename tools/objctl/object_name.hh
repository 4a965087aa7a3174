// SPDX-License-Identifier: Apache-2.0
// tools/objctl/object_name.hh -- how people write an object's id: 32 hex digits, or name:NAME.
#pragma once

#include <obj/obj.h>

#include <optional>
#include <string>
#include <string_view>

namespace objctl {

struct ObjectName {
  std::string spelling;  // as the user wrote it, for messages
  obj_id id;
};

// Nothing if `text` is neither form. A name is any text that is not empty.
std::optional<ObjectName> object_name_from(std::string_view text);

// The object called `name` by obj_id_from_name().  REQUIRES: not empty.
ObjectName object_named(std::string_view name);

// 32 lower-case hex digits.
std::string id_text(const obj_id& id);

}  // namespace objctl
