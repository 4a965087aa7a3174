// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_requests.cc -- requests of several sessions, decoded and carried out.
//
// The store, its table and the service are real, over an arena of 64 KiB and a clock of the
// input's. The sessions are fakes, which check what is promised of answers: each operation gets
// one, and only while its session lives. Other nodes are a fake too, which ends what is wanted of
// it in any way, at any time. After the last session has ended nothing may be left, and the ledger
// must equal its recount.
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/check.hh"
#include "node/local_service.hh"
#include "node/operation.hh"
#include "store/object_table.hh"
#include "store/shared/pin_cell.hh"
#include "tests/fuzz/fuzz_request_input.hh"

namespace {

using namespace obj;

constexpr uint64_t kArenaBytes = 64 * 1024;
constexpr uint32_t kSlots = 32;
constexpr uint32_t kSessions = 3;
constexpr session::Layout kLayout = session::Layout::of(session::kRequestsMin, 16);

struct FakeSession {
  std::vector<bool> is_open = std::vector<bool>(kLayout.requests_max);
  std::vector<uint64_t> pins = std::vector<uint64_t>(kLayout.pins_max);
};

class FakeSessions : public Readers, public Answers {
 public:
  void collect_pins(std::vector<HeldPin>& pins) override {
    for (const auto& [id, session] : sessions) {
      for (const uint64_t word : session.pins) {
        if ((word & 0xffffffff) != 0) pins.push_back({word, id});
      }
    }
  }
  void collect_touches(std::vector<uint32_t>& slots) override {
    slots.insert(slots.end(), touches.begin(), touches.end());
    touches.clear();
  }
  void want_releases(bool) override {}

  void complete(SessionId id, const session::Completion& completion, const std::string&) override {
    const auto found = sessions.find(id);
    OBJ_CHECK(found != sessions.end());
    OBJ_CHECK(completion.tag < kLayout.requests_max);
    OBJ_CHECK(found->second.is_open[completion.tag]);
    OBJ_CHECK(completion.offset <= kArenaBytes);
    found->second.is_open[completion.tag] = false;
  }
  void set_pin(SessionId id, uint32_t pin_cell, ObjectRef ref) override {
    OBJ_CHECK(pin_cell < kLayout.pins_max);
    sessions.at(id).pins[pin_cell] = make_pin(ref.slot, ref.generation);
  }
  std::string describe(SessionId id) const override { return "session " + std::to_string(id); }
  int32_t pid(SessionId id) const override { return static_cast<int32_t>(id); }

  std::map<SessionId, FakeSession> sessions;
  std::vector<uint32_t> touches;
};

// Bundles, deletes and pushes that are under way.
class FakeElsewhere : public Elsewhere {
 public:
  Result<BundleId> want(PullClass, std::span<const ObjectId> ids, uint64_t) override {
    OBJ_CHECK(!ids.empty());
    if (wanted.size() >= kWantedMax) return std::unexpected(Error{ErrorCode::kLimit});
    wanted.emplace(++last_bundle_, ids.front());
    return last_bundle_;
  }
  void unwant(BundleId bundle) override { OBJ_CHECK(wanted.erase(bundle) == 1); }
  Whereabouts whereabouts(const ObjectId& id) override {
    return static_cast<Whereabouts>(id.bytes[0] % 3);
  }
  Result<void> free(const ObjectId&, QuestionTag tag, uint64_t) override {
    frees.push_back(tag);
    return {};
  }
  Result<void> push(const ObjectId&, uint32_t, QuestionTag tag, uint64_t) override {
    pushes.push_back(tag);
    return {};
  }
  void on_create_outcome(const CreateOutcome&, uint64_t) override {
    check_failed(__FILE__, __LINE__, "nothing was pulled");
  }

  static constexpr size_t kWantedMax = 8;
  std::map<BundleId, ObjectId> wanted;  // with one of its ids
  std::vector<QuestionTag> frees;
  std::vector<QuestionTag> pushes;

 private:
  BundleId last_bundle_ = 0;
};

class Play {
 public:
  explicit Play(FuzzInput input)
      : input_(input),
        segment_(ObjectTable::segment_bytes_for(kSlots) / sizeof(Line)),
        table_(ObjectTable::over(std::as_writable_bytes(std::span(segment_)),
                                 {.slot_count = kSlots, .arena_bytes = kArenaBytes}, 1)),
        arena_(kArenaBytes),
        staging_(kLayout.staging_blocks * session::kStagingBlockBytes),
        store_(table_, kArenaBytes, sessions_),
        admission_(store_),
        service_(store_, admission_, sessions_, sessions_, arena_) {
    if (input_.below(2) == 1) service_.set_elsewhere(elsewhere_);
  }

  void run() {
    for (uint32_t place = 0; place < kSessions; place++) open(place);
    while (!input_.is_empty()) step();
    store_.check_invariants();
    OBJ_CHECK(store_.recount() == store_.ledger());
    for (const SessionId id : ids_) end(id);
    advance(1'000);
    // What was prefetched is wanted until its time is over, perhaps for ever; nothing else is.
    while (!elsewhere_.wanted.empty()) end_bundle();
    expect_nothing_left();
  }

 private:
  // What ObjectTable::over() wants to be aligned to.
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  void step() {
    const uint32_t place = input_.below(kSessions);
    FakeSession& session = sessions_.sessions.at(ids_[place]);
    switch (input_.below(14)) {
      case 0: return advance(input_.below(40));
      case 1: end(ids_[place]); return open(place);
      case 2: session.pins[input_.below(kLayout.pins_max)] = 0; return service_.on_bell();
      case 3:
        session.pins[input_.below(kLayout.pins_max)] = make_pin(input_.below(40), input_.below(8));
        return;
      case 4: session.pins[input_.below(kLayout.pins_max)] = input_.take<uint64_t>(); return;
      case 5:
        sessions_.touches.push_back(static_cast<uint32_t>(input_.pick({0, 1, 2, 31, 32})));
        return;
      case 12: return end_bundle();
      case 13: return answer_questions();
      default: return request(ids_[place], session, place == 2);
    }
  }

  void end_bundle() {
    if (elsewhere_.wanted.empty()) return;
    const auto [bundle, id] = *elsewhere_.wanted.begin();
    elsewhere_.wanted.erase(bundle);
    if (input_.below(2) == 0) return service_.on_bundle_done(bundle, now_ns_);
    const bool is_too_large = input_.below(2) == 0;
    const ErrorCode code = is_too_large ? ErrorCode::kTooLarge : ErrorCode::kDisconnected;
    service_.on_bundle_failed(bundle, {.error = {code}, .object = id}, now_ns_);
  }

  // Of sessions that may be gone by now.
  void answer_questions() {
    const Error why{ErrorCode::kTimeout};
    for (const QuestionTag tag : std::exchange(elsewhere_.frees, {})) {
      if (!sessions_.sessions.contains(static_cast<SessionId>(tag >> 32))) continue;
      const bool is_told = input_.below(2) == 0;
      service_.on_freed(tag, is_told ? Result<uint32_t>(1) : std::unexpected(why), "why");
    }
    for (const QuestionTag tag : std::exchange(elsewhere_.pushes, {})) {
      if (!sessions_.sessions.contains(static_cast<SessionId>(tag >> 32))) continue;
      service_.on_pushed(tag, {}, "");
    }
  }

  // As Session and RequestPump do it: a breach ends the session.
  void request(SessionId id, FakeSession& session, bool is_read_only) {
    const session::Request request = take_request_from(input_, kArenaBytes);
    const bool opens = request.op != session::RequestOp::kCancel;
    const auto operation = decode(request, kLayout);
    if (!operation || (opens && session.is_open[request.tag])) return;
    if (opens) session.is_open[request.tag] = true;
    service_.handle({id, is_read_only, staging_}, request.tag, *operation, now_ns_);
    if (input_.below(2) == 0) advance(0);
  }

  void advance(uint64_t ms) {
    now_ns_ += ms * 1'000'000;
    service_.advance(now_ns_);
  }

  void open(uint32_t place) {
    ids_[place] = ++last_id_;
    sessions_.sessions.emplace(last_id_, FakeSession{});
  }

  void end(SessionId id) {
    sessions_.sessions.erase(id);
    service_.end_session(id);
  }

  void expect_nothing_left() {
    const Ledger& ledger = store_.ledger();
    OBJ_CHECK(ledger.unsealed.objects == 0);
    OBJ_CHECK(ledger.withdrawn.objects == 0);
    OBJ_CHECK(service_.waiting_creates() == 0);
    OBJ_CHECK(service_.waiting_gets() == 0);
    OBJ_CHECK(store_.recount() == ledger);
    store_.check_invariants();
  }

  FuzzInput input_;
  FakeSessions sessions_;
  std::vector<Line> segment_;
  ObjectTable table_;
  std::vector<std::byte> arena_;
  std::vector<std::byte> staging_;
  ObjectStore store_;
  Admission admission_;
  LocalService service_;
  FakeElsewhere elsewhere_;
  uint64_t now_ns_ = 1'000'000'000;
  SessionId ids_[kSessions] = {};
  SessionId last_id_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  Play({data, size_bytes}).run();
  return 0;
}
