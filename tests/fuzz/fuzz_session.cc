// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_session.cc -- the daemon's end of a session segment that holds arbitrary bytes.
#include <vector>

#include "base/check.hh"
#include "node/operation.hh"
#include "node/session.hh"
#include "tests/fuzz/fuzz_request_input.hh"

namespace {

using namespace obj;

constexpr session::Layout kLayout = session::Layout::of(session::kRequestsMin, 8);

class Play {
 public:
  Play(FuzzInput input, Session session, Mapping clients)
      : input_(input), session_(std::move(session)), clients_(std::move(clients)) {}

  // Until the input ends, or the daemon would end the session.
  void run() {
    while (!input_.is_empty() && !is_over_) step();
  }

 private:
  void step() {
    switch (input_.below(10)) {
      case 0:
      case 1: return post();
      case 2: return scribble(input_.take<uint32_t>() % kLayout.segment_bytes);
      case 3: return scribble(input_.take<uint16_t>() % sizeof(session::SegmentHeader));
      case 4:
      case 5: return take();
      case 6: return answer();
      case 7: return session_.publish_completions();
      case 8: return read_rest();
      case 9: return header().completions.head.store(header().completions.tail.load());
    }
  }

  session::SegmentHeader& header() {
    return *reinterpret_cast<session::SegmentHeader*>(clients_.bytes().data());
  }

  void scribble(uint64_t offset) {
    const auto bytes = input_.take_bytes(1 + input_.below(64));
    const uint64_t room = kLayout.segment_bytes - offset;
    std::memcpy(clients_.bytes().data() + offset, bytes.data(), std::min(bytes.size(), room));
  }

  // As a client that obeys the ring.
  void post() {
    auto* const requests =
        reinterpret_cast<session::Request*>(clients_.bytes().data() + kLayout.requests_offset);
    const uint32_t tail = header().requests.tail.load();
    requests[tail % kLayout.request_slots] = take_request_from(input_, 1 << 20);
    header().requests.tail.store(tail + 1);
  }

  void take() {
    const auto available = session_.requests_available();
    if (!available) return end();
    OBJ_CHECK(*available <= kLayout.request_slots);
    if (*available == 0) return;
    const auto request = session_.take_request();
    if (!request) return end();
    session_.publish_requests_taken();
    const auto operation = decode(*request, kLayout);
    if (!operation) return end();
    if (request->op == session::RequestOp::kCancel) return;
    OBJ_CHECK(request->tag < kLayout.requests_max);
    open_tags_.push_back(request->tag);
    OBJ_CHECK(open_tags_.size() == session_.open_operations());
  }

  void answer() {
    if (open_tags_.empty()) return;
    const size_t index = input_.below(static_cast<uint32_t>(open_tags_.size()));
    session::Completion completion{};
    completion.tag = open_tags_[index];
    const std::string detail(input_.below(3) * 700, 'd');
    if (!session_.push(completion, detail)) return end();
    open_tags_.erase(open_tags_.begin() + static_cast<ptrdiff_t>(index));
  }

  void read_rest() {
    std::vector<HeldPin> pins;
    session_.collect_pins(pins);
    OBJ_CHECK(pins.size() <= kLayout.pins_max);
    for (const HeldPin& pin : pins) OBJ_CHECK((pin.word & 0xffffffff) != 0);
    std::vector<uint32_t> touches;
    session_.collect_touches(touches);
    OBJ_CHECK(touches.size() <= session::kTouchLanes * session::kTouchesPerLane);
    session_.set_pin(input_.below(kLayout.pins_max), {1, 2});
  }

  void end() { is_over_ = true; }

  FuzzInput input_;
  Session session_;
  Mapping clients_;  // the client's mapping of the segment
  std::vector<uint32_t> open_tags_;
  bool is_over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  auto session = Session::create(1, Peer{1, 0, false, "fuzz"}, kLayout);
  OBJ_CHECK(session.has_value());
  auto clients = Mapping::map(session->segment_file().get(), kLayout.segment_bytes,
                              Mapping::Access::kReadWrite, 4096);
  OBJ_CHECK(clients.has_value());
  Play({data, size_bytes}, std::move(*session), std::move(*clients)).run();
  return 0;
}
