// SPDX-License-Identifier: Apache-2.0
#include "spill/segment_name.hh"

#include <array>
#include <charconv>
#include <cstdio>

namespace obj {
namespace {

constexpr std::string_view kSuffix = ".seg";
constexpr std::string_view kScheme = "file://";
constexpr size_t kNameLength = 8 + 1 + 8 + kSuffix.size();

// All of `text`, or nothing. Upper-case digits are not ours.
std::optional<uint64_t> number_from(std::string_view text, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

std::string escaped(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (is_plain(c)) {
      text += c;
    } else {
      std::array<char, 4> code;
      std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned char>(c));
      text += code.data();
    }
  }
  return text;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string path;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      path += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto code = number_from(text.substr(i + 1, 2), 16);
    if (!code) return std::nullopt;
    path += static_cast<char>(*code);
    i += 2;
  }
  return path;
}

// Takes "key=NUMBER" off the front.
std::optional<uint64_t> take_parameter(std::string_view& query, std::string_view key) {
  if (!query.starts_with(key)) return std::nullopt;
  query.remove_prefix(key.size());
  const std::string_view digits = query.substr(0, query.find('&'));
  query.remove_prefix(std::min(query.size(), digits.size() + 1));
  return number_from(digits, 10);
}

}  // namespace

std::string segment_name(SegmentNumber segment) {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "%08x-%08x.seg", owner_of(segment),
                static_cast<uint32_t>(segment));
  return name.data();
}

std::optional<SegmentNumber> segment_number(std::string_view name) {
  if (name.size() != kNameLength || !name.ends_with(kSuffix)) return std::nullopt;
  const auto owner = number_from(name.substr(0, 8), 16);
  const auto number = number_from(name.substr(9, 8), 16);
  if (!owner || !number) return std::nullopt;
  const SegmentNumber segment = *owner << 32 | *number;
  // Only what we would have written: no capitals, no other separator.
  return segment_name(segment) == name ? std::optional(segment) : std::nullopt;
}

std::string lock_name(uint32_t owner) {
  std::array<char, 32> name;
  std::snprintf(name.data(), name.size(), "%08x.lock", owner);
  return name.data();
}

std::string to_url(const FileUrl& parts) {
  return std::string(kScheme) + escaped(parts.directory) + '/' + segment_name(parts.segment) +
         "?offset=" + std::to_string(parts.offset) + "&size=" + std::to_string(parts.size);
}

std::optional<FileUrl> parse_file_url(std::string_view url) {
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const size_t question = url.find('?');
  const std::string_view path = url.substr(0, question);
  const size_t slash = path.rfind('/');
  if (question == url.npos || slash == path.npos || !path.starts_with('/')) return std::nullopt;

  const auto directory = unescaped(path.substr(0, slash));
  const auto segment = segment_number(path.substr(slash + 1));
  std::string_view query = url.substr(question + 1);
  const auto offset = take_parameter(query, "offset=");
  const auto size = take_parameter(query, "size=");
  if (!directory || !segment || !offset || !size || !query.empty()) return std::nullopt;
  return FileUrl{*directory, *segment, *offset, *size};
}

}  // namespace obj
