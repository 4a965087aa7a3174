// SPDX-License-Identifier: Apache-2.0
#include "node/node.hh"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "base/clock.hh"
#include "base/log.hh"
#include "node/size_text.hh"
#include "node/sleep_time.hh"
#include "node/cluster_report.hh"
#include "node/remote/locations.hh"
#include "node/status_report.hh"

namespace obj {
namespace {

using session::Hello;
using session::Welcome;
using session::WelcomeStatus;

// A later start has a larger one, on which the directory insists. From the wall clock, since
// nothing else survives a restart.
uint64_t new_incarnation() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since_epoch).count());
}

std::string sentence(const char* what, const Error& error) {
  const log::Field field("", error);
  return std::string(what) + ": " + field.value;
}

// Who can write a memfd can add seals to it: a client could keep all later clients from mapping it.
Result<void> forbid_more_seals(const UniqueFd& file) {
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL) != 0) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "fcntl(F_SEAL_SEAL)"});
  }
  return {};
}

void refuse(Welcome& welcome, WelcomeStatus status, const std::string& text) {
  welcome.status = status;
  std::strncpy(welcome.text, text.c_str(), sizeof welcome.text - 1);
}

// What the client asked for, or the default; nothing if it is more than may be had.
std::optional<uint32_t> granted(uint32_t asked, uint32_t default_value, uint32_t most) {
  const uint32_t wanted = asked == 0 ? std::min(default_value, most) : asked;
  if (wanted > most) return std::nullopt;
  return wanted;
}

}  // namespace

std::expected<std::unique_ptr<Node>, std::string> Node::start(const NodeConfig& config) {
  // The socket first: it is what tells that another daemon is here, before we take its memory.
  auto socket = ListeningSocket::listen(config.socket_path, config.socket_mode);
  if (!socket) return std::unexpected(socket.error());
  auto reactor = Reactor::create(uint64_t{config.poll_us} * 1000);
  if (!reactor) return std::unexpected(sentence("reactor", reactor.error()));

  auto arena = Arena::create({.size_bytes = config.object_store_memory_bytes,
                              .huge_pages = config.huge_pages,
                              .reserve_huge_pages = config.huge_pages_reserve});
  if (!arena) return std::unexpected(arena.error().sentence);
  for (const std::string& note : arena->notes()) log::warn("arena_note", {{"note", note}});
  log::info("arena_ready", {{"size", size_text(arena->bytes().size())},
                            {"pages", arena->pages_text()},
                            {"populate_s", arena->populate_seconds()}});

  if (const auto sealed = forbid_more_seals(arena->read_write_file()); !sealed) {
    return std::unexpected(sentence("arena", sealed.error()));
  }

  const uint64_t incarnation = new_incarnation();
  auto table = ObjectTable::create({.slot_count = config.objects_max,
                                    .incarnation = incarnation,
                                    .arena_bytes = arena->bytes().size(),
                                    .page_size = arena->page_size()});
  if (!table) return std::unexpected(sentence("object table (objects_max)", table.error()));

  std::unique_ptr<Node> node(new Node(config, incarnation, std::move(*reactor), std::move(*socket),
                                      std::move(*arena), std::move(*table)));
  const auto added = node->reactor_.add(node->pump_);
  if (!added) return std::unexpected(sentence("reactor", added.error()));
  const auto listening = node->greeter_.start();
  if (!listening) return std::unexpected(sentence("socket", listening.error()));
  const auto watching = node->reactor_.watch(node->stop_bell_.event_.get(), node->stop_bell_);
  if (!watching) return std::unexpected(sentence("eventfd", watching.error()));
  if (config.spill.is_wanted()) {
    if (auto started = node->start_storage(); !started) return std::unexpected(started.error());
  }
  if (!config.cluster.is_alone()) {
    if (auto started = node->start_cluster(); !started) return std::unexpected(started.error());
  }
  return node;
}

std::expected<void, std::string> Node::start_storage() {
  const auto origin_of = [this](const Placement& placement) {
    const SourceNode self = cluster_ ? cluster_->self() : SourceNode{0, incarnation_};
    return shape_of(placement, self).origin;
  };
  auto storage = StorageHost::start(config_.spill,
                                    {.store = store_,
                                     .admission = admission_,
                                     .pins = spill_pins_,
                                     .arena = arena_.bytes(),
                                     .news = service_,
                                     .origin_of = origin_of},
                                    reactor_);
  if (!storage) return std::unexpected(storage.error());
  storage_ = std::move(*storage);
  service_.set_storage(storage_->storage());
  return {};
}

std::expected<void, std::string> Node::start_cluster() {
  auto cluster =
      Cluster::start(config_.cluster, incarnation_,
                     {.store = store_,
                      .admission = admission_,
                      .pins = daemon_pins_,
                      .arena = arena_.bytes(),
                      .table = table_,
                      .memory = {table_.file().get(), arena_.read_only_file().get(), incarnation_},
                      .news = service_,
                      .storage = storage_ ? &storage_->storage() : nullptr},
                     reactor_);
  if (!cluster) return std::unexpected(cluster.error());
  cluster_ = std::move(*cluster);
  service_.set_elsewhere(cluster_->elsewhere());
  return {};
}

Node::Node(const NodeConfig& config, uint64_t incarnation, Reactor reactor, ListeningSocket socket,
           Arena arena, ObjectTable table)
    : config_(config),
      incarnation_(incarnation),
      started_ns_(monotonic_ns()),
      reactor_(std::move(reactor)),
      arena_(std::move(arena)),
      table_(std::move(table)),
      sessions_(table_.header()),
      readers_(sessions_, daemon_pins_, spill_pins_),
      store_(table_, arena_.bytes().size(), readers_),
      admission_(store_),
      service_(store_, admission_, readers_, sessions_, arena_.bytes()),
      pump_(table_.header(), sessions_, service_,
            [this](SessionId session) { lines_.erase(session); }),
      greeter_(std::move(socket), reactor_, *this),
      stop_bell_(*this) {}

Node::~Node() { reactor_.unwatch(stop_bell_.event_.get(), stop_bell_); }

Node::StopBell::StopBell(Node& node)
    : node_(node), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Node::StopBell::on_ready() {
  // Taking it is what orders request_stop() in another thread before our end.
  uint64_t rings;
  [[maybe_unused]] const ssize_t size = ::read(event_.get(), &rings, sizeof rings);
  node_.stop();
}

void Node::request_stop() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_bell_.event_.get(), &one, sizeof one);
}

void Node::reconfigure(const NodeConfig& config) {
  config_.cluster.pull_bandwidth = config.cluster.pull_bandwidth;
  config_.shown = config.shown;
  if (cluster_) cluster_->set_pull_bandwidth(config.cluster.pull_bandwidth);
}

void Node::run() {
  while (!is_stopping_) {
    reactor_.run_once(sleep_ms_max());
    greeter_.advance(monotonic_ns());
    if (cluster_ || storage_) step();
  }
  if (cluster_) drain_cluster();
  if (storage_ && config_.spill.drain_to_disk) drain_storage();
}

// What local clients asked goes out, and what came in reaches them, before the next sleep.
void Node::step() {
  const uint64_t now_ns = monotonic_ns();
  if (storage_) storage_->step(now_ns);
  if (cluster_) cluster_->step(now_ns);
  service_.advance(now_ns);
  // What that let in or out of memory may be work for storage at once.
  if (storage_) storage_->step(now_ns);
  sessions_.flush();
}

void Node::drain_storage() {
  constexpr uint64_t kPatienceNs = 600'000'000'000;
  const uint64_t left = storage_->drain(monotonic_ns() + kPatienceNs);
  if (left == 0) return log::info("drained");
  log::error("drain_failed", {{"objects", left}, {"note", "they end with this process"}});
}

// The memory of posted reads is not ours to unmap before they completed.
void Node::drain_cluster() {
  constexpr uint64_t kPatienceNs = 3'000'000'000;
  constexpr int kTurnMs = 10;
  const uint64_t until_ns = monotonic_ns() + kPatienceNs;
  cluster_->stop(monotonic_ns());
  while (cluster_->reads_in_flight() > 0 && monotonic_ns() < until_ns) {
    reactor_.run_once(kTurnMs);
    cluster_->step(monotonic_ns());
  }
  if (cluster_->reads_in_flight() > 0) {
    log::warn("reads_left_behind", {{"reads", cluster_->reads_in_flight()}});
  }
}

int Node::sleep_ms_max() {
  uint64_t deadline_ns = std::min(service_.next_deadline_ns(), greeter_.next_deadline_ns());
  if (cluster_) deadline_ns = std::min(deadline_ns, cluster_->next_step_ns());
  if (storage_) deadline_ns = std::min(deadline_ns, storage_->next_step_ns());
  return sleep_ms_until(deadline_ns, monotonic_ns());
}

std::vector<int> Node::on_hello(const Hello& hello, const Peer& peer, Welcome& welcome) {
  const auto pins = granted(hello.pins_max, session::kPinsDefault, config_.client_pins_max);
  const auto requests =
      granted(hello.requests_max, session::kRequestsDefault, config_.client_requests_max);
  if (sessions_.size() >= config_.sessions_max) {
    refuse(welcome, WelcomeStatus::kLimit,
           "all " + std::to_string(config_.sessions_max) + " sessions are taken (sessions_max)");
    return {};
  }
  if (!pins) {
    refuse(welcome, WelcomeStatus::kLimit,
           "pins_max may be at most " + std::to_string(config_.client_pins_max) +
               " (client_pins_max)");
    return {};
  }
  if (!requests || !std::has_single_bit(*requests) || *requests < session::kRequestsMin) {
    refuse(welcome, WelcomeStatus::kLimit,
           "requests_max must be a power of two from " + std::to_string(session::kRequestsMin) +
               " to " + std::to_string(config_.client_requests_max) + " (client_requests_max)");
    return {};
  }
  auto session = Session::create(sessions_.next_id(), peer, session::Layout::of(*requests, *pins));
  if (!session) {
    refuse(welcome, WelcomeStatus::kSystem, sentence("session segment", session.error()));
    return {};
  }
  welcome.session_id = session->id();
  welcome.pins_max = *pins;
  welcome.requests_max = *requests;
  welcome.page_bytes = static_cast<uint32_t>(page_bytes(arena_.page_size()));
  welcome.control_bytes = table_.segment_bytes();
  welcome.arena_bytes = arena_.bytes().size();
  welcome.incarnation = incarnation_;
  const UniqueFd& arena_file = peer.read_only ? arena_.read_only_file() : arena_.read_write_file();
  std::vector<int> fds{table_.file().get(), arena_file.get(), session->segment_file().get(),
                       session->bell_to_daemon().get(), session->bell_to_client().get()};
  welcoming_.emplace(session->id(), std::make_unique<Session>(std::move(*session)));
  return fds;
}

void Node::on_welcomed(SessionId id, Arrival arrival) {
  auto node = welcoming_.extract(id);
  Session& session = sessions_.admit(std::move(node.mapped()));
  LineEvents& events = *this;
  auto line =
      std::make_unique<SessionLine>(id, std::move(arrival.socket), std::move(arrival.process),
                                    session.bell_to_daemon().get(), reactor_, events);
  const auto started = line->start();
  lines_.emplace(id, std::move(line));
  if (!started) sessions_.end(id, sentence("watch", started.error()), false);
}

void Node::on_not_welcomed(SessionId session) { welcoming_.erase(session); }

void Node::on_line_end(SessionId session, const std::string& reason, bool is_breach) {
  sessions_.end(session, reason, is_breach);  // the pump buries it, and its line
}

void Node::on_line_bell(SessionId) { service_.on_bell(); }

void Node::on_line_status(SessionId session, const session::StatusQuery& query) {
  using session::StatusTopic;
  const uint64_t now_ns = monotonic_ns();
  const auto answer = [this, session](const std::string& text) { answer_status(session, text); };
  switch (query.topic) {
    case StatusTopic::kStatus:
    case StatusTopic::kStatusAudit: {
      const StatusSources sources{config_,         arena_,         store_,
                                  table_.header(), sessions_,      service_,
                                  cluster_.get(),  storage_.get(), started_ns_};
      return answer(status_report(sources, query.topic == StatusTopic::kStatusAudit, now_ns));
    }
    case StatusTopic::kTransfers: return answer(transfers_report(cluster_.get(), now_ns));
    case StatusTopic::kNodes: return report_nodes(cluster_.get(), now_ns, answer);
    case StatusTopic::kWhere: {
      ObjectId id;
      std::memcpy(id.bytes.data(), query.id, sizeof query.id);
      return report_locations(cluster_.get(), id, now_ns, answer);
    }
  }
}

// It may have gone while the directory was asked.
void Node::answer_status(SessionId session, const std::string& text) {
  const auto line = lines_.find(session);
  if (line != lines_.end()) line->second->answer_status(text);
}

}  // namespace obj
