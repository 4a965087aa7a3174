// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_table_view.cc -- a reader of a control segment that holds arbitrary bytes.
//
// The daemon writes it, so it should be right; but a daemon with a bug must not crash its clients.
#include <sys/mman.h>

#include <memory>

#include "base/check.hh"
#include "client/extent_bounds.hh"
#include "store/shared/table_view.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace {

using namespace obj;

constexpr uint64_t kArenaBytes = uint64_t{1} << 20;

struct Free {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};
using Segment = std::unique_ptr<std::byte[], Free>;

// Of exact size, on the heap: a look beyond the end is caught.
Segment make_segment(size_t size_bytes) {
  void* memory = nullptr;
  OBJ_CHECK(::posix_memalign(&memory, 4096, size_bytes) == 0);
  std::memset(memory, 0, size_bytes);
  return Segment(static_cast<std::byte*>(memory));
}

// A header that is right but for what the input makes wrong.
void fill_in(ControlHeader& header, FuzzInput& input) {
  header.magic = input.below(16) == 0 ? input.take<uint64_t>() : kControlMagic;
  header.version = input.below(16) == 0 ? input.take<uint32_t>() : kControlVersion;
  header.bucket_count = static_cast<uint32_t>(input.pick({1, 2, 4, 8, 0, 3, 1u << 31, UINT32_MAX}));
  header.slot_count = static_cast<uint32_t>(input.pick({0, 1, 4, 7, UINT32_MAX}));
  header.heads_offset = input.pick({4096, 0, 4092, 4097, UINT64_MAX, UINT64_MAX - 3});
  header.slots_offset = input.pick({4160, 4096, 0, 8192, 4161, UINT64_MAX - 63});
  header.hash_seed = input.take<uint8_t>();
}

void look(const TableView& view, const ObjectId& id) {
  const auto seen = view.find_sealed(id);
  if (!seen) return;
  OBJ_CHECK(seen->slot < view.slot_count());
  view.still(seen->slot, seen->control);
  const client::ExtentBounds bounds{kArenaBytes, view.slot_count()};
  if (!bounds.holds(seen->offset, seen->data_bytes, seen->metadata_bytes)) return;
  const uint64_t end = seen->offset + metadata_offset(seen->data_bytes) + seen->metadata_bytes;
  OBJ_CHECK(seen->offset <= kArenaBytes && end <= kArenaBytes && end >= seen->offset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzInput input(data, size_bytes);
  ControlHeader header{};
  fill_in(header, input);
  const auto content = input.rest();
  const size_t segment_bytes = kControlHeaderBytes + content.size();
  const Segment segment = make_segment(segment_bytes);
  std::memcpy(segment.get(), &header, sizeof header);
  std::memcpy(segment.get() + kControlHeaderBytes, content.data(), content.size());

  const auto view = TableView::over({segment.get(), segment_bytes});
  if (!view) return 0;
  // Zeros find slots that nobody filled; the others find what the input put there.
  look(*view, ObjectId{});
  for (uint32_t slot = 0; slot < std::min(view->slot_count(), 8u); slot++) {
    look(*view,
         IdWords{view->slot(slot).id_words[0].load(), view->slot(slot).id_words[1].load()}.id());
  }
  return 0;
}
