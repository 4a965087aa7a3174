// SPDX-License-Identifier: Apache-2.0
// base/cpu_relax.hh -- one turn of a spin loop.
#pragma once

namespace obj {

// Tells the CPU that this is a spin-wait, which spares the sibling hyperthread and the memory order
// machine-clear on exit.
inline void cpu_relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace obj
