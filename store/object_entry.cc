// SPDX-License-Identifier: Apache-2.0
#include "store/object_entry.hh"

#include <sys/mman.h>

namespace obj {

EntryArray::EntryArray(uint32_t slot_count)
    : cells_(static_cast<Cell*>(::operator new(slot_count * sizeof(Cell), kAlign))) {
  ::madvise(cells_.get(), slot_count * sizeof(Cell), MADV_HUGEPAGE);  // advice, so may fail
}

}  // namespace obj
