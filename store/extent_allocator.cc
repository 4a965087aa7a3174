// SPDX-License-Identifier: Apache-2.0
#include "store/extent_allocator.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {
namespace {

constexpr uint64_t page_up(uint64_t offset) {
  return (offset + ExtentAllocator::kPageAlign - 1) & ~(ExtentAllocator::kPageAlign - 1);
}

}  // namespace

// What is left of it from its first 4 KiB boundary on; 0 if that is less than a page.
uint64_t ExtentAllocator::FreeExtent::paged_bytes() const {
  return end() >= first_page() + kPageAlign ? end() - first_page() : 0;
}

ExtentAllocator::ExtentAllocator(uint64_t capacity_bytes)
    : capacity_bytes_(capacity_bytes & ~(kAlign - 1)) {
  OBJ_CHECK(capacity_bytes <= kCapacityMax);
  if (capacity_bytes_ == 0) return;
  free_bytes_ = capacity_bytes_;
  classify(insert_free(by_address_.end(), 0, capacity_bytes_));
}

ExtentAllocator::~ExtentAllocator() {
  for (ClassTree* tree : {&paged_, &slivers_}) {
    for (SizeClass& size_class : *tree) size_class.extents.clear();
    tree->clear();
  }
  by_address_.clear();
}

uint64_t ExtentAllocator::extent_bytes(uint64_t size_bytes) {
  OBJ_CHECK(size_bytes <= kCapacityMax);
  return std::max((size_bytes + kAlign - 1) & ~(kAlign - 1), kAlign);
}

uint64_t ExtentAllocator::aligned(uint64_t start, uint64_t size_bytes) {
  return extent_bytes(size_bytes) >= kPageAlign ? page_up(start) : start;
}

bool ExtentAllocator::fits_between(uint64_t start, uint64_t end, uint64_t size_bytes) {
  const uint64_t first = aligned(start, size_bytes);
  return first <= end && extent_bytes(size_bytes) <= end - first;
}

ExtentAllocator::FreeExtent* ExtentAllocator::best_fit(uint64_t extent_bytes) {
  if (extent_bytes < kPageAlign) {
    const auto sliver = slivers_.lower_bound(extent_bytes);
    if (sliver != slivers_.end()) return &sliver->extents.front();
  }
  // Whatever has a page left holds all that is smaller than a page.
  const auto paged = paged_.lower_bound(extent_bytes);
  return paged == paged_.end() ? nullptr : &paged->extents.front();
}

bool ExtentAllocator::fits(uint64_t size_bytes) {
  return size_bytes <= free_bytes_ && best_fit(extent_bytes(size_bytes)) != nullptr;
}

bool ExtentAllocator::allocate(uint64_t size_bytes, Extent& extent) {
  OBJ_CHECK(!extent.address_hook.is_linked());
  if (size_bytes > free_bytes_) return false;
  const uint64_t wanted_bytes = extent_bytes(size_bytes);
  FreeExtent* const from = best_fit(wanted_bytes);
  if (from == nullptr) return false;
  extent.offset = wanted_bytes >= kPageAlign ? from->first_page() : from->offset;
  extent.size_bytes = wanted_bytes;
  extent.is_free = false;
  cut(*from, extent);
  return true;
}

// Takes `taken` out of `from`, which holds it.
void ExtentAllocator::cut(FreeExtent& from, Extent& taken) {
  OBJ_CHECK(taken.offset >= from.offset);
  OBJ_CHECK(taken.end() <= from.end());
  free_bytes_ -= taken.size_bytes;
  const auto place = by_address_.iterator_to(from);
  const uint64_t bytes_before = taken.offset - from.offset;
  const uint64_t bytes_after = from.end() - taken.end();
  by_address_.insert(place, taken);
  if (bytes_before > 0) {
    classify(insert_free(by_address_.iterator_to(taken), from.offset, bytes_before));
  }
  if (bytes_after > 0) {
    shrink(from, taken.end(), bytes_after);
  } else {
    declassify(from);
    discard(from);
  }
}

ExtentAllocator::FreeExtent& ExtentAllocator::insert_free(AddressList::iterator before,
                                                          uint64_t offset, uint64_t size_bytes) {
  FreeExtent& extent = free_pool_.take();
  extent.offset = offset;
  extent.size_bytes = size_bytes;
  extent.is_free = true;
  by_address_.insert(before, extent);
  free_extents_++;
  return extent;
}

// Takes a free extent that is in no class out of the list.
void ExtentAllocator::discard(FreeExtent& extent) {
  OBJ_CHECK(extent.size_class == nullptr);
  by_address_.erase(by_address_.iterator_to(extent));
  free_extents_--;
  free_pool_.put_back(extent);
}

void ExtentAllocator::free(Extent& extent) {
  Extent* const one = &extent;
  free(std::span(&one, 1));
}

void ExtentAllocator::free(std::span<Extent* const> extents) {
  for (Extent* const extent : extents) merge(*extent);
  classify_merged();
}

// Makes a used extent free. What it became part of is in `merged_` then, and in no class.
void ExtentAllocator::merge(Extent& extent) {
  OBJ_CHECK(extent.address_hook.is_linked());  // else it was freed before
  OBJ_CHECK(!extent.is_free);
  free_bytes_ += extent.size_bytes;
  Extent* const next = after(extent);
  Extent* const previous = before(extent);
  const auto gap = by_address_.erase(by_address_.iterator_to(extent));

  FreeExtent* whole;
  if (previous != nullptr && previous->is_free) {
    whole = static_cast<FreeExtent*>(previous);
    set_aside(*whole);
    whole->size_bytes += extent.size_bytes;
    if (next != nullptr && next->is_free) absorb(*whole, static_cast<FreeExtent&>(*next));
  } else if (next != nullptr && next->is_free) {
    whole = static_cast<FreeExtent*>(next);
    set_aside(*whole);
    whole->offset = extent.offset;
    whole->size_bytes += extent.size_bytes;
  } else {
    whole = &insert_free(gap, extent.offset, extent.size_bytes);
    merged_.push_back(whole);
  }
}

void ExtentAllocator::absorb(FreeExtent& into, FreeExtent& next) {
  into.size_bytes += next.size_bytes;
  set_aside(next);
  by_address_.erase(by_address_.iterator_to(next));
  free_extents_--;
  next.size_bytes = 0;  // classify_merged() throws it away
}

void ExtentAllocator::set_aside(FreeExtent& extent) {
  if (extent.size_class == nullptr) return;  // it is there already
  declassify(extent);
  merged_.push_back(&extent);
}

void ExtentAllocator::classify_merged() {
  for (FreeExtent* const extent : merged_) {
    if (extent->size_bytes > 0) {
      classify(*extent);
    } else {
      free_pool_.put_back(*extent);
    }
  }
  merged_.clear();
}

uint64_t ExtentAllocator::class_bytes(const FreeExtent& extent) {
  const uint64_t paged_bytes = extent.paged_bytes();
  return paged_bytes > 0 ? paged_bytes : extent.size_bytes;
}

void ExtentAllocator::classify(FreeExtent& extent) {
  OBJ_CHECK(extent.size_class == nullptr);
  ClassTree& tree = tree_of(extent);
  const uint64_t size_bytes = class_bytes(extent);
  ClassTree::insert_commit_data place;
  const auto [found, is_new] = tree.insert_check(size_bytes, place);
  SizeClass* size_class;
  if (is_new) {
    size_class = &class_pool_.take();
    size_class->size_bytes = size_bytes;
    tree.insert_commit(*size_class, place);
  } else {
    size_class = &*found;
  }
  size_class->extents.push_front(extent);
  extent.size_class = size_class;
}

void ExtentAllocator::declassify(FreeExtent& extent) {
  SizeClass& size_class = *extent.size_class;
  extent.size_class = nullptr;
  size_class.extents.erase(size_class.extents.iterator_to(extent));
  if (!size_class.extents.empty()) return;
  ClassTree& tree = tree_of(extent);
  tree.erase(tree.iterator_to(size_class));
  class_pool_.put_back(size_class);
}

void ExtentAllocator::shrink(FreeExtent& extent, uint64_t offset, uint64_t size_bytes) {
  ClassTree& tree = tree_of(extent);
  SizeClass& size_class = *extent.size_class;
  extent.offset = offset;
  extent.size_bytes = size_bytes;
  // The last large extent, of which everything new is cut: alone in its class before and after, and
  // still longer than the next one. Then the class changes its length and stays where it is.
  const bool is_alone = &size_class.extents.front() == &size_class.extents.back();
  const auto place = tree.iterator_to(size_class);
  const bool keeps_order =
      place == tree.begin() || std::prev(place)->size_bytes < class_bytes(extent);
  if (is_alone && keeps_order && &tree_of(extent) == &tree) {
    size_class.size_bytes = class_bytes(extent);
    return;
  }
  size_class.extents.erase(size_class.extents.iterator_to(extent));
  if (size_class.extents.empty()) {
    tree.erase(place);
    class_pool_.put_back(size_class);
  }
  extent.size_class = nullptr;
  classify(extent);
}

uint64_t ExtentAllocator::largest_free_bytes() const {
  if (!paged_.empty()) return paged_.rbegin()->size_bytes;
  return slivers_.empty() ? 0 : slivers_.rbegin()->size_bytes;
}

Extent* ExtentAllocator::before(Extent& extent) {
  const auto place = by_address_.iterator_to(extent);
  return place == by_address_.begin() ? nullptr : &*std::prev(place);
}

Extent* ExtentAllocator::after(Extent& extent) {
  const auto next = std::next(by_address_.iterator_to(extent));
  return next == by_address_.end() ? nullptr : &*next;
}

void ExtentAllocator::check_invariants() const {
  uint64_t end = 0;
  uint64_t free_bytes = 0;
  size_t free_extents = 0;
  bool was_free = false;
  for (const Extent& extent : by_address_) {
    OBJ_CHECK(extent.offset == end);
    OBJ_CHECK(extent.size_bytes > 0);
    OBJ_CHECK(extent.size_bytes % kAlign == 0);
    if (extent.is_free) {
      OBJ_CHECK(!was_free);  // neighbours would have been merged
      check_class(static_cast<const FreeExtent&>(extent));
      free_bytes += extent.size_bytes;
      free_extents++;
    }
    was_free = extent.is_free;
    end = extent.end();
  }
  OBJ_CHECK(end == capacity_bytes_);
  OBJ_CHECK(free_bytes == free_bytes_);
  OBJ_CHECK(free_extents == free_extents_);
  OBJ_CHECK(merged_.empty());
  size_t classified = 0;
  for (const ClassTree* tree : {&paged_, &slivers_}) {
    for (const SizeClass& size_class : *tree) {
      OBJ_CHECK(!size_class.extents.empty());
      classified += size_class.extents.size();
    }
  }
  OBJ_CHECK(classified == free_extents);
}

void ExtentAllocator::check_class(const FreeExtent& extent) const {
  OBJ_CHECK(extent.size_class != nullptr);
  OBJ_CHECK(extent.size_class->size_bytes == class_bytes(extent));
  const ClassTree& tree = extent.paged_bytes() > 0 ? paged_ : slivers_;
  const auto found = tree.find(class_bytes(extent));
  OBJ_CHECK(found != tree.end());
  OBJ_CHECK(&*found == extent.size_class);
}

}  // namespace obj
