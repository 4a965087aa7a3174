// SPDX-License-Identifier: Apache-2.0
#include "base/object_id.hh"

#include <algorithm>

#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.hh"

namespace obj {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

}  // namespace

uint64_t hash(const ObjectId& id, uint64_t seed) {
  return XXH3_64bits_withSeed(id.bytes.data(), id.bytes.size(), seed);
}

ObjectId random_object_id() {
  ObjectId id;
  // getrandom(2): reads of up to 256 bytes are whole and not interrupted once the pool is seeded.
  const ssize_t got = ::getrandom(id.bytes.data(), id.bytes.size(), 0);
  OBJ_CHECK(got == static_cast<ssize_t>(id.bytes.size()));
  return id;
}

ObjectId object_id_from_name(std::string_view name) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(name.data(), name.size()));
  ObjectId id;
  static_assert(sizeof canonical.digest == ObjectId::kBytes);
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), id.bytes.begin());
  return id;
}

std::string to_hex(const ObjectId& id) {
  std::string text;
  text.reserve(2 * ObjectId::kBytes);
  for (const uint8_t byte : id.bytes) {
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

std::optional<ObjectId> object_id_from_hex(std::string_view hex) {
  if (hex.size() != 2 * ObjectId::kBytes) return std::nullopt;
  ObjectId id;
  for (size_t i = 0; i < ObjectId::kBytes; i++) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return id;
}

}  // namespace obj
