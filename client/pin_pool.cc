// SPDX-License-Identifier: Apache-2.0
#include "client/pin_pool.hh"

#include <algorithm>
#include <functional>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/check.hh"

namespace obj::client {

constinit thread_local RecentMagazine recent_magazine{0, nullptr};

namespace {

// A thread robs a cache line's worth: enough not to come back at once, too few to starve the
// robbed.
constexpr size_t kRobbedMax = 8;

constinit std::atomic<uint64_t> serials_given{0};

}  // namespace

// The lock is a leaf: nothing else is locked while it is held.
struct PinPool::Shared {
  Shared(uint64_t the_serial, uint32_t max, std::atomic<uint32_t>& used, ForkEpoch the_epoch)
      : serial(the_serial), cells_max(max), epoch(the_epoch), cells_used(&used) {
    free.reserve(max);  // so that giving back never allocates
  }

  Magazine* add_magazine();
  void remove_magazine(Magazine* magazine);
  std::optional<uint32_t> take_and_refill(Magazine& magazine);
  std::optional<uint32_t> take_one();
  void give_one(uint32_t cell);
  void spill(Magazine& magazine);
  void close();

  // Fixed after construction.
  const uint64_t serial;
  const uint32_t cells_max;
  const ForkEpoch epoch;

  std::mutex mutex;
  // Guarded by mutex.
  std::atomic<uint32_t>* cells_used;
  bool closed = false;
  uint32_t fresh = 0;          // cells from here on were never out
  std::vector<uint32_t> free;  // and these came back
  std::vector<std::unique_ptr<Magazine>> magazines;

 private:
  void take_from_pool(size_t count_max, std::vector<uint32_t>& taken);
};

namespace {

// The magazines of one thread, one for each client that it uses.
class ThreadMagazines {
 public:
  ~ThreadMagazines();
  // Null if there is no memory for one; the caller then goes to the pool itself.
  Magazine* find_or_add(const std::shared_ptr<PinPool::Shared>& pool) noexcept;

 private:
  struct Entry {
    std::shared_ptr<PinPool::Shared> pool;
    Magazine* magazine;  // the pool owns it
  };
  void forget_closed();

  std::vector<Entry> entries_;
};

constinit thread_local bool thread_is_ending = false;
thread_local ThreadMagazines thread_magazines;

ThreadMagazines::~ThreadMagazines() {
  // Destructors that run after this one may still release views: they go to the pool itself.
  thread_is_ending = true;
  recent_magazine = {0, nullptr};
  for (const Entry& entry : entries_) {
    // In a forked child the lock may be held for ever, and the cells are the parent's.
    if (Liveness(entry.pool->epoch).is_own()) entry.pool->remove_magazine(entry.magazine);
  }
}

Magazine* ThreadMagazines::find_or_add(const std::shared_ptr<PinPool::Shared>& pool) noexcept {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.pool == pool; });
  if (found != entries_.end()) return found->magazine;
  try {
    forget_closed();
    entries_.reserve(entries_.size() + 1);
    entries_.push_back({pool, pool->add_magazine()});
    return entries_.back().magazine;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void ThreadMagazines::forget_closed() {
  std::erase_if(entries_, [](const Entry& entry) {
    if (!Liveness(entry.pool->epoch).is_own()) return true;
    const std::lock_guard lock(entry.pool->mutex);
    return entry.pool->closed;
  });
}

Magazine* own_magazine(const std::shared_ptr<PinPool::Shared>& pool) {
  if (thread_is_ending) return nullptr;
  Magazine* const magazine = thread_magazines.find_or_add(pool);
  if (magazine != nullptr) recent_magazine = {pool->serial, magazine};
  return magazine;
}

}  // namespace

Magazine* PinPool::Shared::add_magazine() {
  const std::lock_guard lock(mutex);
  return magazines.emplace_back(std::make_unique<Magazine>()).get();
}

void PinPool::Shared::remove_magazine(Magazine* magazine) {
  const std::lock_guard lock(mutex);
  if (closed) return;  // close() freed it
  magazine->rob(Magazine::kPlaces, free);
  std::erase_if(magazines, [&](const auto& candidate) { return candidate.get() == magazine; });
}

void PinPool::Shared::take_from_pool(size_t count_max, std::vector<uint32_t>& taken) {
  while (taken.size() < count_max && !free.empty()) {
    taken.push_back(free.back());
    free.pop_back();
  }
  const auto fresh_count =
      static_cast<uint32_t>(std::min<size_t>(count_max - taken.size(), cells_max - fresh));
  if (taken.empty()) {
    for (uint32_t i = 0; i < fresh_count; i++) taken.push_back(fresh + i);
    fresh += fresh_count;
    // seq_cst, and before the first use of these cells: a scan that must see one of them sees the
    // mark too. See "Pins" in docs/notes/pin_protocol.md.
    cells_used->store(fresh, std::memory_order_seq_cst);
  }
  for (size_t i = 0; taken.empty() && i < magazines.size(); i++) {
    magazines[i]->rob(std::min(count_max, kRobbedMax), taken);
  }
}

std::optional<uint32_t> PinPool::Shared::take_and_refill(Magazine& magazine) {
  std::vector<uint32_t> taken;
  taken.reserve(Magazine::kBatch);
  const std::lock_guard lock(mutex);
  take_from_pool(Magazine::kBatch, taken);
  if (taken.empty()) return std::nullopt;
  // Lowest first: low cells are used most, and stay in few cache lines.
  std::sort(taken.begin(), taken.end(), std::greater<>());
  const uint32_t mine = taken.back();
  taken.pop_back();
  // One is kept out of the magazine: the rest may be robbed as soon as it lies there.
  for (const uint32_t cell : taken) magazine.push(cell);
  return mine;
}

std::optional<uint32_t> PinPool::Shared::take_one() {
  std::vector<uint32_t> taken;
  taken.reserve(1);
  const std::lock_guard lock(mutex);
  take_from_pool(1, taken);
  return taken.empty() ? std::nullopt : std::optional(taken.front());
}

void PinPool::Shared::give_one(uint32_t cell) {
  const std::lock_guard lock(mutex);
  OBJ_CHECK(free.size() < cells_max);
  free.push_back(cell);
}

void PinPool::Shared::spill(Magazine& magazine) {
  const std::lock_guard lock(mutex);
  for (uint32_t i = 0; i < Magazine::kBatch; i++) {
    const auto cell = magazine.pop();
    if (!cell) return;  // it was robbed
    free.push_back(*cell);
  }
}

void PinPool::Shared::close() {
  const std::lock_guard lock(mutex);
  closed = true;
  cells_used = nullptr;
  magazines.clear();
}

PinPool::PinPool(uint32_t cells_max, std::atomic<uint32_t>& cells_used, ForkEpoch epoch)
    : serial_(serials_given.fetch_add(1) + 1),
      shared_(std::make_shared<Shared>(serial_, cells_max, cells_used, epoch)) {}

PinPool::~PinPool() { shared_->close(); }

std::optional<uint32_t> PinPool::take_slowly() {
  Magazine* const magazine = own_magazine(shared_);
  if (magazine == nullptr) return shared_->take_one();
  // First what it has: own_magazine() may have come back to it from another client's.
  if (const auto cell = magazine->pop()) return cell;
  return shared_->take_and_refill(*magazine);
}

void PinPool::give_slowly(uint32_t cell) {
  Magazine* const magazine = own_magazine(shared_);
  if (magazine == nullptr) return shared_->give_one(cell);
  if (magazine->full()) shared_->spill(*magazine);
  magazine->push(cell);
}

}  // namespace obj::client
