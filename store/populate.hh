// SPDX-License-Identifier: Apache-2.0
// store/populate.hh -- gives memory its pages before anybody waits for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hh"

namespace obj {

// Makes every page of `memory` present and mapped writable, with as many threads as the machine has
// CPUs; they are gone on return. What the pages hold stays as it is.
//
// kOutOfMemory or kSystem: some pages could not be had; others may be present.
// REQUIRES: a shared, writable mapping that starts on a page; nobody writes to it meanwhile.
Result<void> populate(std::span<std::byte> memory);

}  // namespace obj
