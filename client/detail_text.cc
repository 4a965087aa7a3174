// SPDX-License-Identifier: Apache-2.0
#include "client/detail_text.hh"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

namespace obj::client {

std::unique_ptr<char[]> copy_detail(std::span<const session::DetailSlot> details, uint32_t number) {
  if (number == 0) return nullptr;
  const session::DetailSlot& slot = details[number % session::kDetailSlots];
  constexpr size_t kTextBytes = sizeof slot.text;
  std::unique_ptr<char[]> text(new (std::nothrow) char[kTextBytes]);
  if (text == nullptr) return nullptr;
  // Acquire; pairs with the daemon's release of `number`, which it stores after the text.
  if (slot.number.load(std::memory_order_acquire) != number) return nullptr;
  // The text may be replaced while it is copied: then the number has changed by the end. Acquire
  // for each byte, so that the second look at the number stays after all of them.
  for (size_t i = 0; i < kTextBytes; i++)
    text[i] = __atomic_load_n(&slot.text[i], __ATOMIC_ACQUIRE);
  if (slot.number.load(std::memory_order_relaxed) != number) return nullptr;
  text[kTextBytes - 1] = '\0';
  // It goes to terminals.
  std::replace_if(
      text.get(), text.get() + std::strlen(text.get()), [](char c) { return c < ' ' || c > '~'; },
      '?');
  return text;
}

}  // namespace obj::client
