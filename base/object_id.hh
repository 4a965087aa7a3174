// SPDX-License-Identifier: Apache-2.0
// base/object_id.hh -- the 16-byte name of an object.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace obj {

// Any 16 bytes are a valid id, all zero included. Bytes, not an integer: no byte order.
struct ObjectId {
  static constexpr size_t kBytes = 16;
  std::array<uint8_t, kBytes> bytes{};

  friend auto operator<=>(const ObjectId&, const ObjectId&) = default;
};
static_assert(sizeof(ObjectId) == ObjectId::kBytes);

// 64-bit hash under `seed`, the same in every process that shares a table (XXH3, xxhash >= 0.8).
// Ids come from users and may be built to collide, so a table draws its seed at random.
uint64_t hash(const ObjectId& id, uint64_t seed);

// 128 random bits from getrandom(2).
ObjectId random_object_id();

// XXH3-128 of the bytes of `name`, in XXH128_canonicalFromHash order, so any language with xxhash
// computes the same id. Not cryptographic: names chosen by an adversary can collide.
ObjectId object_id_from_name(std::string_view name);

// 32 lower-case hex digits, bytes[0] first.
std::string to_hex(const ObjectId& id);
// Accepts exactly 32 hex digits of either case.
std::optional<ObjectId> object_id_from_hex(std::string_view hex);

// For standard containers, where the id is ours or already in the table (fixed seed 0).
struct ObjectIdHash {
  size_t operator()(const ObjectId& id) const { return hash(id, 0); }
};

}  // namespace obj
