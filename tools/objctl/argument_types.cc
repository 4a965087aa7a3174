// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/argument_types.hh"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>

#include "tools/objctl/address_text.hh"
#include "tools/objctl/size_text.hh"

namespace objctl {
namespace {

// A check whose complaint is "`TEXT` IS_NOT"; `accepts` decides. CLI11 takes an empty string for
// yes.
CLI::Validator check_that(bool (*accepts)(const std::string&), const char* complaint) {
  return CLI::Validator(
      [accepts, complaint](std::string& text) {
        return accepts(text) ? std::string() : "`" + text + "` " + complaint;
      },
      "");
}

// The number that `text` is, if it is digits and nothing else.
template <class Number>
std::optional<Number> whole_number(const std::string& text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

bool is_all_hex(const std::string& text) {
  return std::ranges::all_of(text, [](unsigned char byte) { return std::isxdigit(byte) != 0; });
}

}  // namespace

CLI::Validator is_object_name() {
  return check_that([](const std::string& text) { return object_name_from(text).has_value(); },
                    "is neither 32 hex digits nor name:NAME");
}

CLI::Validator is_size() {
  return check_that([](const std::string& text) { return parse_size(text).has_value(); },
                    "is no size such as 4096, 64K or 1.5GiB");
}

CLI::Validator is_hex() {
  return check_that(
      [](const std::string& text) {
        return !text.empty() && text.size() <= 2 * OBJ_ID_BYTES && is_all_hex(text);
      },
      "is not the beginning of an id: 1 to 32 hex digits");
}

CLI::Validator is_owner() {
  return check_that(
      [](const std::string& text) { return !text.empty() && text.size() <= OBJ_OWNER_BYTES_MAX; },
      "is no owner's name: 1 to 31 bytes");
}

CLI::Validator is_count() {
  return check_that(
      [](const std::string& text) { return whole_number<uint64_t>(text).has_value(); },
      "is no count");
}

CLI::Validator is_node() {
  return check_that(
      [](const std::string& text) { return whole_number<uint32_t>(text).value_or(0) != 0; },
      "is no number of a node, such as `objctl nodes` shows");
}

CLI::Validator is_address() {
  return check_that([](const std::string& text) { return host_port_from(text).has_value(); },
                    "is no HOST:PORT such as 10.0.0.7:7461");
}

CLI::Validator is_not_empty() {
  return check_that([](const std::string& text) { return !text.empty(); }, "must not be empty");
}

}  // namespace objctl
