// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_class.hh -- why an object is pulled, most urgent first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace obj {

enum class PullClass : uint8_t { kGet, kWait, kPrefetch };

inline constexpr size_t kPullClasses = 3;
inline constexpr std::array<PullClass, kPullClasses> kAllPullClasses = {
    PullClass::kGet, PullClass::kWait, PullClass::kPrefetch};

constexpr size_t index_of(PullClass pull_class) { return static_cast<size_t>(pull_class); }

constexpr const char* to_string(PullClass pull_class) {
  switch (pull_class) {
    case PullClass::kGet: return "get";
    case PullClass::kWait: return "wait";
    case PullClass::kPrefetch: return "prefetch";
  }
  return "";
}

// A value for each class.
template <class T>
struct PerClass {
  std::array<T, kPullClasses> values{};

  T& operator[](PullClass pull_class) { return values[index_of(pull_class)]; }
  const T& operator[](PullClass pull_class) const { return values[index_of(pull_class)]; }
};

}  // namespace obj
