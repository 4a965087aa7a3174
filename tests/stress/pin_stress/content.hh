// SPDX-License-Identifier: Apache-2.0
// tests/stress/pin_stress/content.hh -- objects of which every byte tells whose it is.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "tests/loopback/support/client.hh"

namespace obj {

// The writer makes versions 0, 1, 2, …; version v is an object named v % kNames. A word of it is
//
//   word[0]  name      word[1]  version      word[i]  mix(version) + i * kStep
//
// so that bytes of any other object, older or newer, of the same name or not, show.
class Content {
 public:
  static constexpr uint64_t kNames = 40'000;

  static obj_id id_of_name(uint64_t name) {
    obj_id id{};
    std::memcpy(id.bytes, &name, sizeof name);
    return id;
  }

  // 2 to 24 words, a few of 4 KiB and more, which are aligned to pages.
  static size_t words_of(uint64_t version) {
    const uint64_t mixed = mix(version);
    return mixed % 512 == 0 ? 512 + mixed / 512 % 512 : 2 + mixed % 23;
  }

  static void fill(uint64_t version, uint64_t* words) {
    const size_t count = words_of(version);
    const uint64_t seed = mix(version);
    for (size_t i = 2; i < count; i++) words[i] = seed + i * kStep;
    words[0] = version % kNames;
    words[1] = version;
  }

  // Whether all bytes belong to one version of `name`.
  static bool is_right(uint64_t name, std::string_view data) {
    const auto* const words = reinterpret_cast<const uint64_t*>(data.data());
    const size_t count = data.size() / sizeof(uint64_t);
    if (count < 2 || words[0] != name) return false;
    const uint64_t version = words[1];
    if (version % kNames != name || count != words_of(version)) return false;
    const uint64_t seed = mix(version);
    uint64_t difference = 0;
    for (size_t i = 2; i < count; i++) difference |= words[i] ^ (seed + i * kStep);
    return difference == 0 && words[1] == version;
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;

  static uint64_t mix(uint64_t version) {
    uint64_t mixed = (version + 1) * 0xbf58476d1ce4e5b9;
    mixed ^= mixed >> 31;
    return mixed * 0x94d049bb133111eb;
  }
};

}  // namespace obj
