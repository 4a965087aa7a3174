// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/printable.hh"

#include <algorithm>

namespace objctl {
namespace {

uint8_t byte_at(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

bool is_continuation(uint8_t byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the UTF-8 sequence that begins with `first`; 0 if none does.
size_t sequence_bytes(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

// Length of the harmless code point at `at`; 0 if the byte there must not be shown.
size_t harmless_bytes(std::string_view text, size_t at) {
  const uint8_t first = byte_at(text, at);
  const size_t length = sequence_bytes(first);
  if (length == 0 || length > text.size() - at) return 0;
  if (length == 1) return first >= 0x20 && first != 0x7f ? 1 : 0;
  for (size_t i = 1; i < length; i++) {
    if (!is_continuation(byte_at(text, at + i))) return 0;
  }
  const bool is_c1 = first == 0xc2 && byte_at(text, at + 1) < 0xa0;
  return is_c1 ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = harmless_bytes(text, at);
    if (length == 0) {
      shown += '?';
      at++;
    } else {
      shown += text.substr(at, length);
      at += length;
    }
  }
  return shown;
}

size_t display_columns(std::string_view text) {
  const auto continuations = std::ranges::count_if(
      text, [](char byte) { return is_continuation(static_cast<uint8_t>(byte)); });
  return text.size() - static_cast<size_t>(continuations);
}

}  // namespace objctl
