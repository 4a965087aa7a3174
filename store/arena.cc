// SPDX-License-Identifier: Apache-2.0
#include "store/arena.hh"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "store/extent_allocator.hh"
#include "store/huge_page_pool.hh"
#include "store/shared_memory.hh"
#include "store/system_memory.hh"

namespace obj {
namespace {

constexpr uint64_t kSizeUnit = uint64_t{2} << 20;
// Beyond any machine; below it, rounding up to pages cannot wrap.
constexpr uint64_t kSizeMax = ExtentAllocator::kCapacityMax;

uint64_t rounded_up(uint64_t size_bytes, uint64_t unit) {
  return (size_bytes + unit - 1) / unit * unit;
}

std::string mebibytes(uint64_t size_bytes) { return std::to_string(size_bytes >> 20) + " MiB"; }

const char* text_of(PageKind kind) {
  switch (kind) {
    case PageKind::kSystem: return "4K";
    case PageKind::kTransparent: return "transparent";
    case PageKind::kHuge2M: return "hugetlb-2M";
    case PageKind::kHuge1G: return "hugetlb-1G";
  }
  check_failed(__FILE__, __LINE__, "page kind");
}

PageKind first_choice(HugePages policy) {
  switch (policy) {
    case HugePages::kOff: return PageKind::kSystem;
    case HugePages::kTransparent: return PageKind::kTransparent;
    case HugePages::kAuto:
    case HugePages::k2M: return PageKind::kHuge2M;
    case HugePages::k1G: return PageKind::kHuge1G;
  }
  check_failed(__FILE__, __LINE__, "huge page policy");
}

// What is tried when `kind` cannot be had. REQUIRES: kind is not kSystem.
PageKind next_choice(PageKind kind) {
  return static_cast<PageKind>(static_cast<uint8_t>(kind) - 1);
}
static_assert(static_cast<uint8_t>(PageKind::kHuge1G) == 3);

// Why memory of `kind` cannot be had, as a note with the line that mends it; nothing if it may be.
// Raises the kernel's limit if that is wanted and needed.
std::optional<std::string> obstacle(PageKind kind, uint64_t size_bytes, const SystemMemory& memory,
                                    const SystemFiles& files, bool reserve) {
  const std::string wanted = std::string("pages=") + text_of(kind) + " ";
  if (kind == PageKind::kSystem) return std::nullopt;
  if (kind == PageKind::kTransparent) {
    if (transparent_huge_pages_offered(files)) return std::nullopt;
    return wanted + "reason=not_enabled_for_shared_memory mend=" + kTransparentMend;
  }
  HugePagePool pool(files, page_size_of(kind));
  const uint64_t page = page_bytes(page_size_of(kind));
  const uint64_t pages = rounded_up(size_bytes, page) / page;
  const uint64_t from_system = (pages - std::min(pages, pool.set_aside())) * page;
  if (from_system > memory.available_bytes) {
    return wanted + "reason=memory_available_bytes=" + std::to_string(memory.available_bytes);
  }
  const std::string mend = pool.mend(pages);
  if (pool.suffices(pages) || (reserve && pool.allow(pages))) return std::nullopt;
  return wanted + "reason=too_few_allowed needed=" + std::to_string(pages) + " mend=" + mend;
}

std::string failure_note(PageKind kind, const Error& error) {
  return std::string("pages=") + text_of(kind) + " reason=" + error.where +
         " errno=" + std::to_string(error.system_errno);
}

ArenaRefusal too_large(uint64_t size_bytes, const SystemMemory& memory) {
  const uint64_t most = memory.available_bytes / kSizeUnit * kSizeUnit;
  return {Error{ErrorCode::kOutOfMemory, 0, "arena"},
          "the object store wants " + mebibytes(size_bytes) + " of memory but only " +
              mebibytes(memory.available_bytes) + " are available now (" + memory.bottleneck +
              "); free some, or set object_store_memory=" + std::to_string(most) + " or less"};
}

ArenaRefusal failed(uint64_t size_bytes, const Error& error) {
  return {error, "the object store cannot get " + mebibytes(size_bytes) + " of memory: " +
                     error.where + " failed with errno " + std::to_string(error.system_errno) +
                     "; a smaller object_store_memory= may do"};
}

uint64_t share_of(const SystemMemory& memory) {
  return memory.usable_bytes / 10 * 3 / kSizeUnit * kSizeUnit;
}

}  // namespace

std::expected<Arena, ArenaRefusal> Arena::create(const ArenaOptions& options) {
  const SystemFiles files(options.system_root);
  const auto memory = SystemMemory::read(files);
  if (!memory) return std::unexpected(failed(options.size_bytes, memory.error()));
  const uint64_t wanted = options.size_bytes > 0 ? options.size_bytes : share_of(*memory);
  if (wanted == 0 || wanted > kSizeMax) return std::unexpected(too_large(wanted, *memory));

  std::vector<std::string> notes;
  for (PageKind kind = first_choice(options.huge_pages);; kind = next_choice(kind)) {
    const bool is_last = kind == PageKind::kSystem;
    auto why_not = obstacle(kind, wanted, *memory, files, options.reserve_huge_pages);
    const bool is_hugetlb = page_size_of(kind) != PageSize::kSystem;
    if (!is_hugetlb && wanted > memory->available_bytes) {
      return std::unexpected(too_large(wanted, *memory));
    }
    if (!why_not) {
      auto arena = create_of(kind, wanted, files);
      if (arena) {
        // Left to us, transparent pages are no second choice that anybody must hear of.
        const bool is_content =
            options.huge_pages == HugePages::kAuto && kind == PageKind::kTransparent;
        if (!is_content) arena->notes_.insert(arena->notes_.begin(), notes.begin(), notes.end());
        return std::move(*arena);
      }
      if (is_last) return std::unexpected(failed(wanted, arena.error()));
      why_not = failure_note(kind, arena.error());
    }
    notes.push_back(std::move(*why_not));
  }
}

Result<Arena> Arena::create_of(PageKind kind, uint64_t size_bytes, const SystemFiles& files) {
  const uint64_t started_ns = monotonic_ns();
  Arena arena;
  arena.page_size_ = page_size_of(kind);
  arena.pages_text_ = text_of(kind);
  const uint64_t whole_pages = rounded_up(size_bytes, page_bytes(arena.page_size_));
  OBJ_TRY(SharedMemory memory, SharedMemory::create("objd-arena", whole_pages, kind));
  OBJ_TRY(arena.read_only_file_, reopen_read_only(memory.file));
  arena.read_write_file_ = std::move(memory.file);
  arena.mapping_ = std::move(memory.mapping);
  arena.populate_seconds_ = static_cast<double>(monotonic_ns() - started_ns) / 1e9;
  if (kind == PageKind::kTransparent) arena.note_small_pages(files);
  return arena;
}

// The kernel takes transparent pages where memory is not fragmented, and says nothing where it is.
void Arena::note_small_pages(const SystemFiles& files) {
  const uint64_t huge_bytes = transparent_bytes(files, bytes());
  const uint64_t whole = bytes().size() / kSizeUnit * kSizeUnit;
  if (huge_bytes >= whole / 10 * 9) return;
  notes_.push_back(
      "pages=transparent reason=memory_is_fragmented huge_bytes=" + std::to_string(huge_bytes) +
      " of=" + std::to_string(whole) + " mend=echo 1 > /proc/sys/vm/compact_memory");
}

uint64_t usable_memory_bytes() {
  const auto memory = SystemMemory::read(SystemFiles());
  return memory ? memory->usable_bytes : 0;
}

uint64_t default_arena_bytes() {
  const auto memory = SystemMemory::read(SystemFiles());
  return memory ? share_of(*memory) : 0;
}

}  // namespace obj
