// SPDX-License-Identifier: Apache-2.0
#include "directory/directory_server.hh"

#include <algorithm>

#include "base/log.hh"

namespace obj::directory {

DirectoryServer::DirectoryServer(MessageTransport& transport, const DirectoryOptions& options,
                                 uint64_t seed, uint64_t epoch, uint64_t now_ns)
    : transport_(transport),
      options_(options),
      epoch_(epoch),
      stepped_ns_(now_ns),
      state_(options, seed, now_ns, *this),
      answers_(wire::kLookupIdsMax) {}

uint32_t DirectoryServer::step(uint64_t now_ns) {
  stepped_ns_ = now_ns;
  state_.advance(now_ns);
  uint32_t work = go_on();
  work += state_.step(kSlice);
  for (const PeerId id : with_news_) {
    Peer* peer = find(id);
    if (peer == nullptr) continue;
    peer->has_news = false;
    flush(*peer);
  }
  with_news_.clear();
  busy_ = work > 0;
  return work;
}

uint64_t DirectoryServer::next_step_ns() const {
  if (busy_ || !unfinished_.empty() || !with_news_.empty()) return stepped_ns_;
  return stepped_ns_ + uint64_t{options_.lease_ms} * 1'000'000 / 4;
}

void DirectoryServer::on_peer_up(PeerId peer, bool) { peers_[peer].id = peer; }

void DirectoryServer::on_message(PeerId id, std::span<const std::byte> message) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  if (peer->inbox.empty() && handle(*peer, message)) return;
  if (!peer->hung_up) defer(*peer, message);
}

void DirectoryServer::on_peer_down(PeerId id, const Error&) {
  state_.peer_gone(id);
  peers_.erase(id);
}

void DirectoryServer::on_change(PeerId subscriber, const LocationChange& change) {
  add_news(subscriber, wire::Type::kChanges, change);
}

void DirectoryServer::on_free(PeerId holder, const FreeOrder& order) {
  add_news(holder, wire::Type::kFreeOrders, order);
}

void DirectoryServer::on_expelled(PeerId id, const char* why) {
  Peer* peer = find(id);
  if (peer != nullptr) drop(*peer, {ErrorCode::kStale, 0, why});
}

// Nothing for peers that we have hung up on.
DirectoryServer::Peer* DirectoryServer::find(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() || found->second.hung_up ? nullptr : &found->second;
}

// The state hears of it when the transport says that the peer is down.
void DirectoryServer::drop(Peer& peer, const Error& why) {
  if (peer.hung_up) return;
  log::warn("directory_peer_dropped", {{"peer", peer.id}, {"why", why}});
  peer.hung_up = true;
  peer.news.clear();
  transport_.hang_up(peer.id);
}

// Messages of one peer are handled in order, so those behind an unfinished one wait.
void DirectoryServer::defer(Peer& peer, std::span<const std::byte> message) {
  if (peer.inbox_bytes + message.size() > kInboxBytesMax) {
    return drop(peer, {ErrorCode::kLimit, 0, "too many messages without waiting for answers"});
  }
  if (peer.inbox.empty()) unfinished_.push_back(peer.id);
  peer.inbox.emplace_back(message.begin(), message.end());
  peer.inbox_bytes += message.size();
}

// One slice for each peer that has unfinished messages.
uint32_t DirectoryServer::go_on() {
  uint32_t handled = 0;
  for (size_t turn = unfinished_.size(); turn > 0; turn--) {
    const PeerId id = unfinished_.front();
    unfinished_.pop_front();
    Peer* peer = find(id);
    if (peer == nullptr) continue;
    handled++;
    if (handle(*peer, peer->inbox.front()) && !peer->hung_up) {
      peer->inbox_bytes -= peer->inbox.front().size();
      peer->inbox.pop_front();
    }
    if (!peer->inbox.empty()) unfinished_.push_back(id);
  }
  return handled;
}

bool DirectoryServer::handle(Peer& peer, std::span<const std::byte> bytes) {
  const auto message = wire::decode(bytes);
  if (!message) {
    drop(peer, message.error());
    return true;
  }
  return std::visit([&](const auto& decoded) { return take(peer, decoded); }, *message);
}

bool DirectoryServer::take(Peer& peer, const wire::Register& message) {
  const auto registration = state_.register_node(peer.id, message.info);
  wire::Registered answer{.epoch = epoch_,
                          .applied_sequence = 0,
                          .lease_ms = options_.lease_ms,
                          .status = wire::RegisterStatus::kAccepted,
                          .inventory_needed = false};
  if (registration) {
    answer.applied_sequence = registration->applied_sequence;
    answer.inventory_needed = registration->inventory_needed;
    log::info("directory_node_up", {{"node", message.info.node.node},
                                    {"incarnation", message.info.node.incarnation},
                                    {"address", message.info.address},
                                    {"inventory", answer.inventory_needed}});
  } else {
    switch (registration.error().code) {
      case ErrorCode::kStale: answer.status = wire::RegisterStatus::kOldIncarnation; break;
      case ErrorCode::kLimit: answer.status = wire::RegisterStatus::kLimit; break;
      default: answer.status = wire::RegisterStatus::kInvalid; break;
    }
  }
  reply(peer, wire::encode_registered(writer_, answer));
  if (!registration) drop(peer, registration.error());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::Heartbeat& message) {
  const auto done = state_.heartbeat(peer.id, message.load);
  if (!done) drop(peer, done.error());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::Report& message) {
  reports_.resize(message.reports.size());
  for (size_t i = peer.reports_done; i < reports_.size(); i++) reports_[i] = message.reports[i];
  const auto done =
      state_.report(peer.id, message.sequence, reports_, peer.reports_done, kSlice, peer.outcome);
  if (!done) {
    drop(peer, done.error());
    return true;
  }
  peer.reports_done = *done;
  if (*done < reports_.size()) return false;
  acknowledge(peer, message.sequence, peer.outcome);
  peer.reports_done = 0;
  peer.outcome = {};
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::InventoryBegin& message) {
  const auto done = state_.begin_inventory(peer.id, message.sequence);
  if (done)
    acknowledge(peer, message.sequence, {});
  else
    drop(peer, done.error());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::InventoryEnd& message) {
  const auto done = state_.end_inventory(peer.id, message.sequence);
  if (done)
    acknowledge(peer, message.sequence, {});
  else
    drop(peer, done.error());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::Lookup& message) {
  const auto ids = copy_ids(message.ids);
  state_.lookup(ids, answers_);
  writer_.begin(wire::Type::kLocated, message.cookie);
  for (size_t i = 0; i < ids.size(); i++) writer_.add(answers_[i]);
  reply(peer, writer_.finish());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::Subscribe& message) {
  const auto done = state_.subscribe(peer.id, copy_ids(message.ids));
  if (done)
    reply(peer, wire::encode_bare(writer_, wire::Type::kSubscribed, message.cookie));
  else
    drop(peer, done.error());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::Unsubscribe& message) {
  state_.unsubscribe(peer.id, copy_ids(message.ids));
  reply(peer, wire::encode_bare(writer_, wire::Type::kSubscribed, message.cookie));
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::Free& message) {
  holders_.clear();
  state_.free(copy_ids(message.ids), holders_);
  reply(peer,
        wire::encode_records<uint32_t>(writer_, wire::Type::kFreed, message.cookie, holders_));
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::NodeQuery& message) {
  writer_.begin(wire::Type::kNodes, message.cookie);
  for (size_t i = 0; i < message.nodes.size(); i++) writer_.add(state_.node(message.nodes[i]));
  reply(peer, writer_.finish());
  return true;
}

bool DirectoryServer::take(Peer& peer, const wire::NodeList& message) {
  writer_.begin(wire::Type::kNodes, message.cookie);
  auto node = state_.next_node(message.after);
  for (uint32_t count = 0; node && count < wire::kNodesMax; count++) {
    writer_.add(*node);
    node = state_.next_node(node->info.node.node);
  }
  reply(peer, writer_.finish());
  return true;
}

template <class Other>
bool DirectoryServer::take(Peer& peer, const Other&) {
  drop(peer, {ErrorCode::kInvalid, 0, "a directory's message, sent to one"});
  return true;
}

void DirectoryServer::acknowledge(Peer& peer, uint64_t sequence, const ReportOutcome& outcome) {
  writer_.begin(wire::Type::kReported, sequence);
  writer_.add_body(wire::ReportedBody{outcome.refused, 0});
  for (const ObjectId& id : outcome.conflicts) writer_.add(id);
  reply(peer, writer_.finish());
}

// What the peer hears comes in the order in which it happened.
void DirectoryServer::reply(Peer& peer, std::span<const std::byte> message) {
  flush(peer);
  send(peer, message);
}

template <class News>
void DirectoryServer::add_news(PeerId id, wire::Type type, const News& news) {
  Peer* peer = find(id);
  if (peer == nullptr) return;
  if (peer->news.type() != type || !peer->news.fits(sizeof(typename wire::RecordOf<News>::Type))) {
    flush(*peer);
    if (peer->hung_up) return;
    peer->news.begin(type);
  }
  peer->news.add(news);
  if (!peer->has_news) with_news_.push_back(id);
  peer->has_news = true;
}

void DirectoryServer::flush(Peer& peer) {
  if (!peer.news.empty()) send(peer, peer.news.finish());
  peer.news.clear();
}

void DirectoryServer::send(Peer& peer, std::span<const std::byte> message) {
  if (peer.hung_up) return;
  const auto sent = transport_.send(peer.id, message);
  if (sent) return;
  // kDisconnected: we shall hear of it from the transport.
  if (sent.error().code != ErrorCode::kDisconnected) drop(peer, sent.error());
}

std::span<const ObjectId> DirectoryServer::copy_ids(const wire::Records<ObjectId>& ids) {
  ids_.resize(ids.size());
  for (size_t i = 0; i < ids_.size(); i++) ids_[i] = ids[i];
  return ids_;
}

}  // namespace obj::directory
