// SPDX-License-Identifier: Apache-2.0
#include "node/session.hh"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.hh"
#include "base/memory_file.hh"
#include "store/shared/pin_cell.hh"

namespace obj {
namespace {

using session::Completion;
using session::Layout;
using session::Request;
using session::RequestOp;

Result<UniqueFd> create_bell_to_daemon() {
  UniqueFd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (bell.get() < 0) return std::unexpected(Error{ErrorCode::kSystem, errno, "eventfd"});
  return bell;
}

struct BellToClient {
  UniqueFd bell;
  UniqueFd rope;
};

// A pipe, of which only we have the writing end. An eventfd would be one open file for both sides:
// a client could take O_NONBLOCK from it and fill it, and our next ring would block for ever.
Result<BellToClient> create_bell_to_client() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "pipe2"});
  }
  return BellToClient{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::unexpected<Error> breach(const char* what) {
  return std::unexpected(Error{ErrorCode::kInvalid, 0, what});
}

}  // namespace

Result<Session> Session::create(SessionId id, Peer peer, const Layout& layout) {
  OBJ_TRY(UniqueFd file,
          create_memory_file("objd-session", layout.segment_bytes, PageSize::kSystem));
  OBJ_TRY(Mapping segment,
          Mapping::map(file.get(), layout.segment_bytes, Mapping::Access::kReadWrite,
                       page_bytes(PageSize::kSystem)));
  OBJ_TRY(UniqueFd bell_to_daemon, create_bell_to_daemon());
  OBJ_TRY(BellToClient to_client, create_bell_to_client());
  return Session(id, std::move(peer), layout, std::move(file), std::move(segment),
                 std::move(bell_to_daemon), std::move(to_client.bell), std::move(to_client.rope));
}

Session::Session(SessionId id, Peer peer, const Layout& layout, UniqueFd segment_file,
                 Mapping segment, UniqueFd bell_to_daemon, UniqueFd bell_to_client,
                 UniqueFd bell_to_client_rope)
    : id_(id),
      peer_(std::move(peer)),
      layout_(layout),
      segment_file_(std::move(segment_file)),
      segment_(std::move(segment)),
      bell_to_daemon_(std::move(bell_to_daemon)),
      bell_to_client_(std::move(bell_to_client)),
      bell_to_client_rope_(std::move(bell_to_client_rope)),
      header_(at<session::SegmentHeader>(0)),
      requests_(header_->requests, {at<Request>(layout.requests_offset), layout.request_slots}),
      completions_(header_->completions,
                   {at<Completion>(layout.completions_offset), layout.requests_max}),
      tag_is_open_(layout.requests_max, false) {}

std::span<const std::byte> Session::staging() const {
  return segment_.bytes().subspan(layout_.staging_offset,
                                  uint64_t{layout_.staging_blocks} * session::kStagingBlockBytes);
}

Result<Request> Session::take_request() {
  const Request request = requests_.take();
  if (request.op == RequestOp::kCancel) return request;  // its tag opens nothing
  if (request.tag >= layout_.requests_max) return breach("tag");
  if (tag_is_open_[request.tag]) return breach("tag already in flight");
  OBJ_TRY(const uint32_t room, completions_.room());
  // Every open operation ends with one completion, so room for all of them is room for good.
  if (open_count_ >= room) return breach("more operations in flight than requests_max");
  tag_is_open_[request.tag] = true;
  open_count_++;
  return request;
}

Result<void> Session::push(const Completion& completion, const std::string& detail) {
  OBJ_CHECK(tag_is_open_[completion.tag]);
  OBJ_TRY(const uint32_t room, completions_.room());
  // Room only shrinks if the client moved its position backwards.
  if (room == 0) return breach("completion ring moved backwards");
  tag_is_open_[completion.tag] = false;
  open_count_--;
  Completion to_send = completion;
  if (!detail.empty()) to_send.detail = store_detail(detail);
  completions_.push(to_send);
  return {};
}

void Session::publish_completions() {
  completions_.publish();
  if (header_->client_sleeps.load(std::memory_order_seq_cst) == 0) return;
  // EAGAIN: the pipe is full, so it rings already. No EPIPE: we keep the other end open as well.
  [[maybe_unused]] const ssize_t written = ::write(bell_to_client_rope_.get(), "", 1);
}

uint32_t Session::store_detail(const std::string& text) {
  details_written_++;
  if (details_written_ == 0) details_written_++;  // 0 means "no text"
  const uint32_t index = details_written_ % session::kDetailSlots;
  auto& slot = at<session::DetailSlot>(layout_.details_offset)[index];
  slot.number.store(0, std::memory_order_release);
  const size_t length = std::min(text.size(), sizeof slot.text - 1);
  std::memcpy(slot.text, text.data(), length);
  slot.text[length] = '\0';
  // Release; pairs with the acquire in the client, which then reads the text.
  slot.number.store(details_written_, std::memory_order_release);
  return details_written_;
}

void Session::set_pin(uint32_t pin_cell, ObjectRef ref) {
  OBJ_CHECK(pin_cell < layout_.pins_max);
  // Only this thread evicts, so whatever scan comes next sees it.
  at<PinCell>(layout_.pins_offset)[pin_cell].store(make_pin(ref.slot, ref.generation),
                                                   std::memory_order_seq_cst);
}

void Session::collect_pins(std::vector<HeldPin>& pins) const {
  const uint32_t used =
      std::min(header_->pin_cells_used.load(std::memory_order_seq_cst), layout_.pins_max);
  const auto* const cells = at<const PinCell>(layout_.pins_offset);
  for (uint32_t i = 0; i < used; i++) {
    const uint64_t word = cells[i].load(std::memory_order_seq_cst);
    if ((word & 0xffffffff) != 0) pins.push_back({word, id_});
  }
}

void Session::collect_touches(std::vector<uint32_t>& slots) {
  auto* const lanes = at<const session::TouchLane>(layout_.touches_offset);
  for (uint32_t lane = 0; lane < session::kTouchLanes; lane++) {
    const uint32_t written = lanes[lane].written.load(std::memory_order_acquire);
    const uint32_t fresh = std::min(written - touches_read_[lane], session::kTouchesPerLane);
    for (uint32_t n = written - fresh; n != written; n++) {
      const uint32_t entry =
          lanes[lane].slot_plus_1[n % session::kTouchesPerLane].load(std::memory_order_relaxed);
      if (entry != 0) slots.push_back(entry - 1);
    }
    touches_read_[lane] = written;
  }
}

}  // namespace obj
