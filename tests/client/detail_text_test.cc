// SPDX-License-Identifier: Apache-2.0
// tests/client/detail_text_test.cc -- sentences of the daemon: present, replaced, hostile.
#include "client/detail_text.hh"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>

namespace obj::client {
namespace {

using session::kDetailSlots;

std::array<session::DetailSlot, kDetailSlots> details{};

session::DetailSlot& write(uint32_t number, const char* text) {
  auto& slot = details[number % kDetailSlots];
  std::strcpy(slot.text, text);
  slot.number.store(number);
  return slot;
}

TEST(DetailText, copies_the_text_of_its_number) {
  write(3, "three");
  write(4, "four");
  EXPECT_STREQ(copy_detail(details, 3).get(), "three");
}

TEST(DetailText, is_none_for_number_zero_or_a_replaced_text) {
  write(3, "three");
  write(3 + kDetailSlots, "later");
  EXPECT_EQ(copy_detail(details, 0), nullptr);
  EXPECT_EQ(copy_detail(details, 3), nullptr);
  EXPECT_STREQ(copy_detail(details, 3 + kDetailSlots).get(), "later");
}

TEST(DetailText, ends_a_text_that_has_no_end) {
  auto& slot = write(5, "");
  std::memset(slot.text, 'x', sizeof slot.text);
  EXPECT_EQ(std::string(copy_detail(details, 5).get()).size(), sizeof slot.text - 1);
}

TEST(DetailText, makes_control_characters_harmless) {
  write(6, "a\x1b[2Jb\n");
  EXPECT_STREQ(copy_detail(details, 6).get(), "a?[2Jb?");
}

}  // namespace
}  // namespace obj::client
