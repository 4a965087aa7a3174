// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_input.hh -- turns a fuzzer's bytes into values, from front to back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>

namespace obj {

// Zeros follow the last byte, so that every prefix of an input is an input.
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size_bytes) : rest_(data, size_bytes) {}

  bool is_empty() const { return rest_.empty(); }
  std::span<const uint8_t> rest() const { return rest_; }

  template <class T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const size_t size_bytes = std::min(sizeof value, rest_.size());
    std::memcpy(&value, rest_.data(), size_bytes);
    rest_ = rest_.subspan(size_bytes);
    return value;
  }

  // 0..limit-1, from one byte. REQUIRES: 0 < limit <= 256.
  uint32_t below(uint32_t limit) { return take<uint8_t>() % limit; }

  // One of the values that are worth trying, or now and then any other.
  uint64_t pick(std::initializer_list<uint64_t> values) {
    const size_t index = below(static_cast<uint32_t>(values.size()) + 1);
    return index < values.size() ? values.begin()[index] : take<uint64_t>();
  }

  std::span<const uint8_t> take_bytes(size_t size_bytes) {
    const auto bytes = rest_.first(std::min(size_bytes, rest_.size()));
    rest_ = rest_.subspan(bytes.size());
    return bytes;
  }

 private:
  std::span<const uint8_t> rest_;
};

}  // namespace obj
