// SPDX-License-Identifier: Apache-2.0
// tools/objctl/json_fields.hh -- looking into JSON of which nothing is certain, and writing it.
//
// objd and objctl may come from different versions: a field that is absent, or of another type, is
// left out of the page, never an error.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace objctl {

using Json = nlohmann::ordered_json;  // fields stay in the order of whoever wrote them

// The member `key` of `from`; null if `from` is no object or has none.
const Json& field(const Json& from, const char* key);
// field(field(from, outer), inner)
const Json& field(const Json& from, const char* outer, const char* inner);

// A whole number that is not negative.
std::optional<uint64_t> as_count(const Json& value);
std::optional<double> as_number(const Json& value);
std::optional<bool> as_flag(const Json& value);
// Any scalar as printable text; "-" for everything else.
std::string as_text(const Json& value);

// `value` on one line, with its newline. Bytes that are not UTF-8 become U+FFFD.
std::string json_line(const Json& value);

}  // namespace objctl
