// SPDX-License-Identifier: Apache-2.0
#include "tests/stress/pin_stress/blind_node.hh"

#include <cstdio>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hh"
#include "node/greeter.hh"
#include "node/local_service.hh"
#include "node/request_pump.hh"
#include "node/session_line.hh"
#include "node/session_set.hh"
#include "store/arena.hh"
#include "store/object_store.hh"
#include "store/object_table.hh"

namespace obj {
namespace {

class BlindReaders : public Readers {
 public:
  explicit BlindReaders(Readers& seeing) : seeing_(seeing) {}

  void collect_pins(std::vector<HeldPin>&) override {}  // the fault
  void collect_touches(std::vector<uint32_t>& slots) override { seeing_.collect_touches(slots); }
  void want_releases(bool wanted) override { seeing_.want_releases(wanted); }

 private:
  Readers& seeing_;
};

// As obj::Node, for clients that ask for nothing unusual.
class BlindNode : private Doorkeeper, private LineEvents {
 public:
  BlindNode(Reactor reactor, ListeningSocket socket, Arena arena, ObjectTable table)
      : reactor_(std::move(reactor)),
        arena_(std::move(arena)),
        table_(std::move(table)),
        sessions_(table_.header()),
        readers_(sessions_),
        store_(table_, arena_.bytes().size(), readers_),
        admission_(store_),
        service_(store_, admission_, readers_, sessions_, arena_.bytes()),
        pump_(table_.header(), sessions_, service_, [this](SessionId id) { lines_.erase(id); }),
        greeter_(std::move(socket), reactor_, *this) {}

  bool start() { return reactor_.add(pump_).has_value() && greeter_.start().has_value(); }

  void serve_for_ever() {
    while (true) {
      reactor_.run_once(1);
      greeter_.advance(monotonic_ns());
    }
  }

 private:
  std::vector<int> on_hello(const session::Hello&, const Peer& peer,
                            session::Welcome& welcome) override {
    const auto layout = session::Layout::of(session::kRequestsDefault, session::kPinsDefault);
    auto session = Session::create(sessions_.next_id(), peer, layout);
    if (!session) {
      welcome.status = session::WelcomeStatus::kSystem;
      return {};
    }
    welcome.session_id = session->id();
    welcome.pins_max = layout.pins_max;
    welcome.requests_max = layout.requests_max;
    welcome.page_bytes = 4096;
    welcome.control_bytes = table_.segment_bytes();
    welcome.arena_bytes = arena_.bytes().size();
    const std::vector<int> fds{table_.file().get(), arena_.read_write_file().get(),
                               session->segment_file().get(), session->bell_to_daemon().get(),
                               session->bell_to_client().get()};
    welcoming_.emplace(session->id(), std::make_unique<Session>(std::move(*session)));
    return fds;
  }

  void on_welcomed(SessionId id, Arrival arrival) override {
    Session& session = sessions_.admit(std::move(welcoming_.extract(id).mapped()));
    LineEvents& events = *this;
    auto line =
        std::make_unique<SessionLine>(id, std::move(arrival.socket), std::move(arrival.process),
                                      session.bell_to_daemon().get(), reactor_, events);
    const bool is_watched = line->start().has_value();
    lines_.emplace(id, std::move(line));
    if (!is_watched) sessions_.end(id, "watch", false);
  }

  void on_not_welcomed(SessionId session) override { welcoming_.erase(session); }
  void on_line_end(SessionId session, const std::string& reason, bool is_breach) override {
    sessions_.end(session, reason, is_breach);
  }
  void on_line_bell(SessionId) override { service_.on_bell(); }
  void on_line_status(SessionId session, const session::StatusQuery&) override {
    lines_.at(session)->answer_status("{}");
  }

  Reactor reactor_;
  Arena arena_;
  ObjectTable table_;
  SessionSet sessions_;
  BlindReaders readers_;
  ObjectStore store_;
  Admission admission_;
  LocalService service_;
  RequestPump pump_;
  Greeter greeter_;
  std::unordered_map<SessionId, std::unique_ptr<Session>> welcoming_;
  std::unordered_map<SessionId, std::unique_ptr<SessionLine>> lines_;
};

}  // namespace

int run_blind_node(const std::string& socket_path) {
  auto socket = ListeningSocket::listen(socket_path, 0600);
  auto reactor = Reactor::create(50'000);
  auto arena = Arena::create({.size_bytes = uint64_t{4} << 20, .huge_pages = HugePages::kOff});
  auto table = ObjectTable::create({.slot_count = 32'768, .arena_bytes = uint64_t{4} << 20});
  if (!socket || !reactor || !arena || !table) return 1;
  BlindNode node(std::move(*reactor), std::move(*socket), std::move(*arena), std::move(*table));
  if (!node.start()) return 1;
  node.serve_for_ever();
  return 0;
}

}  // namespace obj
