// SPDX-License-Identifier: Apache-2.0
#include "tests/client/support/fake_memory.hh"

#include <sys/eventfd.h>

#include <bit>

#include "base/memory_file.hh"
#include "store/shared/table_view.hh"

namespace obj::test {
namespace {

constexpr uint64_t kSeed = 42;

uint64_t control_bytes(const FakeSizes& sizes) {
  const uint64_t heads_bytes = uint64_t{std::bit_ceil(sizes.slots)} * sizeof(uint32_t);
  const uint64_t size_bytes =
      kControlHeaderBytes + heads_bytes + uint64_t{sizes.slots} * sizeof(Slot);
  return (size_bytes + 8191) & ~uint64_t{4095};
}

}  // namespace

FakeFile::FakeFile(uint64_t size_bytes)
    : fd(create_memory_file("fake", size_bytes, PageSize::kSystem).value()),
      mapping(Mapping::map(fd.get(), size_bytes, Mapping::Access::kReadWrite, 1).value()) {}

FakeTable::FakeTable(const FakeSizes& sizes) : file_(control_bytes(sizes)) {
  ControlHeader& head = header();
  head.magic = kControlMagic;
  head.version = kControlVersion;
  head.slot_count = sizes.slots;
  head.bucket_count = std::bit_ceil(sizes.slots);
  head.heads_offset = kControlHeaderBytes;
  head.slots_offset =
      (kControlHeaderBytes + head.bucket_count * sizeof(uint32_t) + 63) & ~uint64_t{63};
  head.hash_seed = kSeed;
  head.incarnation = 7;
  head.arena_bytes = sizes.arena_bytes;
}

std::atomic<uint32_t>& FakeTable::head_of(const ObjectId& id) const {
  const uint64_t bucket = hash(id, kSeed) & (header().bucket_count - 1);
  return file_.at<std::atomic<uint32_t>>(header().heads_offset)[bucket];
}

void FakeTable::publish(uint32_t index, const ObjectId& id, uint64_t generation, SlotState state,
                        uint64_t offset, uint64_t data_bytes, uint32_t metadata_bytes) {
  Slot& entry = slot(index);
  entry.control.store(make_control(SlotState::kFree, generation), std::memory_order_seq_cst);
  const IdWords words = IdWords::of(id);
  entry.id_words[0].store(words.first, std::memory_order_release);
  entry.id_words[1].store(words.second, std::memory_order_release);
  entry.offset.store(offset, std::memory_order_release);
  entry.data_bytes.store(data_bytes, std::memory_order_release);
  entry.metadata_bytes.store(metadata_bytes, std::memory_order_release);
  entry.next.store(head_of(id).load(), std::memory_order_release);
  head_of(id).store(index + 1, std::memory_order_release);
  entry.control.store(make_control(state, generation), std::memory_order_seq_cst);
}

void FakeTable::set_state(uint32_t index, uint64_t generation, SlotState state) {
  slot(index).control.store(make_control(state, generation), std::memory_order_seq_cst);
}

void FakeTable::unlink(uint32_t index) {
  const IdWords words{slot(index).id_words[0].load(), slot(index).id_words[1].load()};
  std::atomic<uint32_t>* link = &head_of(words.id());
  while (link->load() != index + 1) link = &slot(link->load() - 1).next;
  link->store(slot(index).next.load(), std::memory_order_release);
}

FakeSegment::FakeSegment(const FakeSizes& sizes)
    : layout(session::Layout::of(sizes.requests_max, sizes.pins_max)),
      file(layout.segment_bytes),
      bell_to_daemon(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      bell_to_client(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      requests(header().requests,
               {file.at<const session::Request>(layout.requests_offset), layout.request_slots}),
      completions(header().completions,
                  {file.at<session::Completion>(layout.completions_offset), layout.requests_max}) {}

uint32_t FakeSegment::pins_held() const {
  uint32_t held = 0;
  for (uint32_t i = 0; i < layout.pins_max; i++) held += pin_cell(i).load() != 0 ? 1u : 0u;
  return held;
}

session::Welcome make_welcome(const FakeSizes& sizes, const FakeTable& table) {
  session::Welcome welcome{};
  welcome.magic = session::kHelloMagic;
  welcome.version = session::kProtocolVersion;
  welcome.status = session::WelcomeStatus::kAccepted;
  welcome.session_id = 1;
  welcome.pins_max = sizes.pins_max;
  welcome.requests_max = sizes.requests_max;
  welcome.page_bytes = 4096;
  welcome.control_bytes = table.size_bytes();
  welcome.arena_bytes = sizes.arena_bytes;
  welcome.incarnation = 7;
  return welcome;
}

std::vector<int> welcome_fds(const FakeTable& table, const FakeFile& arena,
                             const FakeSegment& segment) {
  return {table.fd(), arena.fd.get(), segment.file.fd.get(), segment.bell_to_daemon.get(),
          segment.bell_to_client.get()};
}

}  // namespace obj::test
