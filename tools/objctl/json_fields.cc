// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/json_fields.hh"

#include "tools/objctl/printable.hh"

namespace objctl {

const Json& field(const Json& from, const char* key) {
  static const Json kNull;
  const auto found = from.find(key);  // of what is no object: the end
  return found == from.end() ? kNull : *found;
}

const Json& field(const Json& from, const char* outer, const char* inner) {
  return field(field(from, outer), inner);
}

std::optional<uint64_t> as_count(const Json& value) {
  if (value.is_number_unsigned()) return value.get<uint64_t>();
  if (!value.is_number_integer() || value.get<int64_t>() < 0) return std::nullopt;
  return value.get<uint64_t>();
}

std::optional<double> as_number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::optional<bool> as_flag(const Json& value) {
  if (!value.is_boolean()) return std::nullopt;
  return value.get<bool>();
}

std::string as_text(const Json& value) {
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (value.is_number() || value.is_boolean()) return value.dump();
  return "-";
}

std::string json_line(const Json& value) {
  constexpr int kOneLine = -1;
  return value.dump(kOneLine, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace objctl
