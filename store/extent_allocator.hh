// SPDX-License-Identifier: Apache-2.0
// store/extent_allocator.hh -- which part of the arena belongs to whom, and which to nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "store/intrusive.hh"
#include "store/node_pool.hh"

namespace obj {

// A piece of the arena, used or free. A used one is its user's, and may be part of something
// larger: allocate() fills it in and links it, free() unlinks it. Between the two it must not move.
struct Extent {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  ListHook address_hook;  // while it is used or free: all extents, by address, without gaps
  bool is_free = false;

  uint64_t end() const { return offset + size_bytes; }
};

// Hands out extents of [0, capacity) by best fit, and merges what comes back with its neighbours.
//
// Knows numbers only: the arena itself is never touched, so nothing that a client writes there can
// harm the allocator. Neighbours are found in O(1), since used extents are in the list too; a best
// fit in O(log k) with k different lengths of free extents. Nothing calls malloc once there have
// been as many free extents before.
//
// From 4 KiB up extents start on a 4 KiB boundary. So what counts about a free extent is how much
// of it follows its first such boundary ("paged"); what has not a whole page left is kept apart,
// for small requests only ("sliver"). That way a fit is never overlooked, and none needs to be
// tried in vain.
class ExtentAllocator {
 public:
  static constexpr uint64_t kAlign = 64;
  static constexpr uint64_t kPageAlign = 4096;
  static constexpr uint64_t kCapacityMax = uint64_t{1} << 62;

  // REQUIRES: capacity_bytes <= kCapacityMax. What is beyond a multiple of kAlign is not used.
  explicit ExtentAllocator(uint64_t capacity_bytes);
  ~ExtentAllocator();

  // How long the extent for a request is: rounded up to kAlign, at least kAlign.
  // REQUIRES: size_bytes <= kCapacityMax.
  static uint64_t extent_bytes(uint64_t size_bytes);
  // Where an extent for a request of this size may begin, from `start` on.
  static uint64_t aligned(uint64_t start, uint64_t size_bytes);
  // Whether an extent for a request of this size lies in [start, end) if all of that is free.
  static bool fits_between(uint64_t start, uint64_t end, uint64_t size_bytes);

  // False if no free extent holds it. REQUIRES: `extent` is not in use.
  bool allocate(uint64_t size_bytes, Extent& extent);
  // Whether allocate() would succeed.
  bool fits(uint64_t size_bytes);

  // REQUIRES: allocated here, and not freed yet.
  void free(Extent& extent);
  // Many at once: runs of neighbours are merged before any is looked up by length. Any order.
  void free(std::span<Extent* const> extents);

  uint64_t capacity_bytes() const { return capacity_bytes_; }
  uint64_t free_bytes() const { return free_bytes_; }
  // The largest request that would succeed now.
  uint64_t largest_free_bytes() const;
  size_t free_extents() const { return free_extents_; }

  // The neighbours by address, used or free; null at the ends. REQUIRES: `extent` is used or free.
  Extent* before(Extent& extent);
  Extent* after(Extent& extent);
  Extent* first() { return by_address_.empty() ? nullptr : &by_address_.front(); }

  // Aborts if the extents do not tile the arena, or the lengths contradict them. O(n log n).
  void check_invariants() const;

 private:
  struct SizeClass;
  struct FreeExtent : Extent {
    ListHook class_hook;
    SizeClass* size_class = nullptr;  // null: merged just now, not classified yet

    uint64_t first_page() const { return (offset + kPageAlign - 1) & ~(kPageAlign - 1); }
    uint64_t paged_bytes() const;
  };
  static_assert(sizeof(FreeExtent) == 64);  // a cache line

  // All free extents of one length. Stores are full of objects of a few sizes, so there are few
  // classes even where there are a million holes, and the trees stay in the cache.
  struct SizeClass {
    uint64_t size_bytes = 0;
    TreeHook tree_hook;
    // The one freed last in front: its lines are warm.
    intrusive::list<FreeExtent,
                    intrusive::member_hook<FreeExtent, ListHook, &FreeExtent::class_hook>,
                    intrusive::constant_time_size<false>>
        extents;
  };
  struct ClassKey {
    using type = uint64_t;
    type operator()(const SizeClass& size_class) const { return size_class.size_bytes; }
  };
  using ClassTree =
      intrusive::set<SizeClass, intrusive::member_hook<SizeClass, TreeHook, &SizeClass::tree_hook>,
                     intrusive::key_of_value<ClassKey>, intrusive::constant_time_size<false>>;
  using AddressList =
      intrusive::list<Extent, intrusive::member_hook<Extent, ListHook, &Extent::address_hook>,
                      intrusive::constant_time_size<false>>;

  ClassTree& tree_of(const FreeExtent& extent) {
    return extent.paged_bytes() > 0 ? paged_ : slivers_;
  }
  static uint64_t class_bytes(const FreeExtent& extent);
  FreeExtent* best_fit(uint64_t extent_bytes);
  void cut(FreeExtent& from, Extent& taken);
  FreeExtent& insert_free(AddressList::iterator before, uint64_t offset, uint64_t size_bytes);
  void merge(Extent& extent);
  void absorb(FreeExtent& into, FreeExtent& next);
  void set_aside(FreeExtent& extent);
  void classify_merged();
  void classify(FreeExtent& extent);
  void declassify(FreeExtent& extent);
  void shrink(FreeExtent& extent, uint64_t offset, uint64_t size_bytes);
  void discard(FreeExtent& extent);
  void check_class(const FreeExtent& extent) const;

  NodePool<FreeExtent> free_pool_;  // before what links the nodes
  NodePool<SizeClass> class_pool_;
  AddressList by_address_;
  ClassTree paged_;                  // by paged_bytes()
  ClassTree slivers_;                // by size_bytes
  std::vector<FreeExtent*> merged_;  // free extents that wait for classify_merged()
  uint64_t capacity_bytes_;
  uint64_t free_bytes_ = 0;
  size_t free_extents_ = 0;
};

}  // namespace obj
