// SPDX-License-Identifier: Apache-2.0
#include "client/fork_guard.hh"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "base/check.hh"

namespace obj::client {
namespace {

using Page = std::atomic<ForkEpoch>;

// Set once, inherited by children, whose kernel has wiped the page behind it.
constinit std::atomic<Page*> page{nullptr};
// Ordinary memory: a child goes on counting from where its parent was.
constinit std::atomic<ForkEpoch> epochs_given{0};

Result<Page*> make_page() {
  const auto size_bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  void* memory =
      ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return std::unexpected(Error{ErrorCode::kOutOfMemory, errno, "mmap"});
  if (::madvise(memory, size_bytes, MADV_WIPEONFORK) != 0) {
    const Error error{ErrorCode::kSystem, errno, "madvise(MADV_WIPEONFORK)"};
    ::munmap(memory, size_bytes);
    return std::unexpected(error);
  }
  auto* const fresh = new (memory) Page(0);
  Page* expected = nullptr;
  if (page.compare_exchange_strong(expected, fresh)) return fresh;
  ::munmap(memory, size_bytes);  // another thread was first
  return expected;
}

}  // namespace

Result<ForkEpoch> process_epoch() {
  Page* mine = page.load(std::memory_order_acquire);
  if (mine == nullptr) {
    OBJ_TRY(mine, make_page());
  }
  ForkEpoch epoch = mine->load();
  if (epoch != 0) return epoch;
  const ForkEpoch fresh = epochs_given.fetch_add(1) + 1;
  // On failure another thread gave this process its epoch, which is now in `epoch`.
  return mine->compare_exchange_strong(epoch, fresh) ? fresh : epoch;
}

const std::atomic<ForkEpoch>& fork_page() {
  const Page* const mine = page.load(std::memory_order_acquire);
  OBJ_CHECK(mine != nullptr);
  return *mine;
}

}  // namespace obj::client
