// SPDX-License-Identifier: Apache-2.0
// spill/segment_name.hh -- what segment files are called, and the URLs of records in them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace obj {

// OWNER << 32 | NUMBER.
using SegmentNumber = uint64_t;

constexpr uint32_t owner_of(SegmentNumber segment) { return static_cast<uint32_t>(segment >> 32); }

// "0000002a-00000001.seg".
std::string segment_name(SegmentNumber segment);
std::optional<SegmentNumber> segment_number(std::string_view name);
// "0000002a.lock".
std::string lock_name(uint32_t owner);

// The parts of file:///DIR/SEGMENT?offset=N&size=M.
struct FileUrl {
  std::string directory;  // absolute
  SegmentNumber segment = 0;
  uint64_t offset = 0;
  uint64_t size = 0;

  friend bool operator==(const FileUrl&, const FileUrl&) = default;
};

// Bytes of a path that have a meaning in URLs are escaped as %XX.
std::string to_url(const FileUrl& parts);
std::optional<FileUrl> parse_file_url(std::string_view url);

}  // namespace obj
