// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"
#include "fabric/verbs/reader.hh"

namespace obj::verbs {
namespace {

constexpr Error kOtherNode{ErrorCode::kStale, 0,
                           "verbs: another node, or a later start of it, answers at this address"};
constexpr Error kDialTimeout{ErrorCode::kTimeout, 0, "verbs: the node does not answer the dial"};
constexpr Error kLaneTimeout{ErrorCode::kTimeout, 0,
                             "verbs: no answer to the offer, or the probe read brought nothing"};
constexpr Error kWrongMemory{ErrorCode::kInvalid, 0,
                             "verbs: the probe read shows memory of another process"};
constexpr Error kOtherLayout{ErrorCode::kVersion, 0,
                             "verbs: the owner lays its object table out differently"};
constexpr Error kForgotten{ErrorCode::kCancelled, 0, "verbs: nobody reads from the node any more"};
constexpr Error kOtherKind{ErrorCode::kInvalid, 0,
                           "verbs: the owner answered what was not offered"};
constexpr Error kRefused{ErrorCode::kDisconnected, 0, "verbs: the owner refuses"};

std::string text_of(const Error& error) { return log::Field("", error).value; }

}  // namespace

Reader::Reader(const ReaderParts& parts, IdentityOf identity, const ReaderOptions& options,
               uint64_t seed)
    : parts_(parts), identity_(std::move(identity)), options_(options), jitter_(seed) {
  const size_t rails = parts_.rails.size();
  OBJ_CHECK(rails > 0 && rails <= kMemoriesMax && options_.lanes > 0);
  options_.lanes = std::clamp<uint32_t>(options_.lanes, static_cast<uint32_t>(rails), kLanesMax);
}

Reader::~Reader() = default;

// ---- who is read from ---------------------------------------------------------------------------

void Reader::connect(SourceNode node, const std::string& address) {
  const auto [found, is_new] =
      links_.try_emplace(node, node, Backoff(options_.redial_least_ns, options_.redial_most_ns));
  Link& link = found->second;
  link.is_forgotten = false;
  if (is_new) {
    for (uint8_t i = 0; i < options_.lanes; i++) {
      const auto rail = static_cast<uint8_t>(i % parts_.rails.size());
      const auto gids = parts_.rails[rail].adapter->facts().gids.size();
      link.lanes.push_back(
          std::make_unique<Lane>(link, i, rail, static_cast<uint32_t>(gids), options_.lane));
    }
  }
  link.address = address;
  touch();
}

void Reader::forget(SourceNode node) {
  const auto found = links_.find(node);
  if (found == links_.end()) return;
  found->second.is_forgotten = true;
  touch();
}

Link* Reader::wanted_link(SourceNode node) {
  const auto found = links_.find(node);
  return found == links_.end() || found->second.is_forgotten ? nullptr : &found->second;
}

Link* Reader::link_of(PeerId peer) {
  const auto found = links_by_peer_.find(peer);
  return found == links_by_peer_.end() ? nullptr : found->second;
}

void Reader::drop_forgotten() {
  for (auto it = links_.begin(); it != links_.end();) {
    Link& link = it->second;
    if (!link.is_forgotten || link.operations > 0) {
      ++it;
      continue;
    }
    if (link.state != Link::State::kDown) hang_up(link, kForgotten);
    for (const auto& lane : link.lanes) drop_queue(*lane, kForgotten, {}, kForgotten);
    it = links_.erase(it);
  }
}

// ---- messages -----------------------------------------------------------------------------------

void Reader::dial(Link& link) {
  const auto peer = parts_.messages.dial(link.address);
  if (!peer) return go_down(link, peer.error());
  link.state = Link::State::kDialling;
  link.deadline_ns = now_ns_ + options_.dial_ns;
  link.peer = *peer;
  links_by_peer_[*peer] = &link;
}

void Reader::on_peer_up(PeerId peer) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  if (identity_(peer) != link->node) return hang_up(*link, kOtherNode);
  link->state = Link::State::kUp;
  link->deadline_ns = kForeverNs;
  for (const auto& lane : link->lanes) lane->state.start_over();
  settle(*link);
}

void Reader::on_peer_down(PeerId peer, const Error& why) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  links_by_peer_.erase(peer);
  go_down(*link, why);
}

// on_peer_down() of it will not find the link any more: the cause is ours.
void Reader::hang_up(Link& link, const Error& why) { hang_up(link, why, text_of(why)); }

void Reader::hang_up(Link& link, const Error& why, const std::string& trouble) {
  links_by_peer_.erase(link.peer);
  parts_.messages.hang_up(link.peer);
  go_down(link, why, trouble);
}

void Reader::go_down(Link& link, const Error& why) { go_down(link, why, text_of(why)); }

// A peer that is dead or frozen is noticed here, by the heartbeats of its messages: a queue pair
// notices nothing while nothing is posted.
void Reader::go_down(Link& link, const Error& why, const std::string& trouble) {
  link.state = Link::State::kDown;
  link.deadline_ns = now_ns_ + link.backoff.next(jitter_);
  link.trouble = trouble;
  for (const auto& lane : link.lanes) {
    drop_queue(*lane, why, {}, why);
    lane->state.start_over();
    lane->tried.clear();
  }
  settle(link);
}

void Reader::on_garbage(PeerId peer, const Error& what) {
  if (Link* const link = link_of(peer)) hang_up(*link, what);
}

void Reader::on_refusal(PeerId peer, const Refusal& refusal) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  hang_up(*link, kRefused, "the owner refuses: " + refusal.reason);
}

// ---- lanes --------------------------------------------------------------------------------------

std::string Reader::name_of(const Lane& lane) const {
  const AdapterFacts& facts = parts_.rails[lane.rail].adapter->facts();
  const GidEntry& gid = facts.gids[lane.state.candidate()];
  return facts.name + " " + to_string(gid.kind) + " " + to_text(gid.gid);
}

void Reader::offer_lanes(Link& link) {
  Offer offer{.number = link.offer_number + 1, .lanes = {}};
  for (const auto& lane : link.lanes) {
    if (!lane->state.wants_offer()) continue;
    OfferedLane offered{.index = lane->index, .reader = {}};
    if (!prepare_offer(*lane, offered)) continue;
    lane->offer_number = offer.number;
    offer.lanes.push_back(offered);
  }
  if (offer.lanes.empty()) return;
  link.offer_number = offer.number;
  const auto sent = parts_.messages.send(link.peer, encode(offer));
  if (!sent) hang_up(link, sent.error());
}

bool Reader::prepare_offer(Lane& lane, OfferedLane& offered) {
  const Adapter& adapter = *parts_.rails[lane.rail].adapter;
  const GidEntry& gid = adapter.facts().gids[lane.state.candidate()];
  auto queue = parts_.rails[lane.rail].adapter->make_reading(gid);
  if (!queue) {
    lane.tried = name_of(lane) + ": " + text_of(queue.error());
    lane.state.on_failed(now_ns_, jitter_);
    return false;
  }
  lane.queue = std::move(*queue);
  lane.serial = ++last_serial_;
  WindowLimits limits = options_.window;
  limits.works_max = std::min(limits.works_max, adapter.facts().works_max);
  lane.window.emplace(limits, lane.serial);
  lanes_by_serial_[lane.serial] = &lane;
  lane.state.on_offered(now_ns_);
  offered.reader = lane.queue->address();
  return true;
}

void Reader::on_answer(PeerId peer, const Answer& answer) {
  Link* const link = link_of(peer);
  if (link == nullptr) return;
  if (answer.table.version != parts_.table.shape().version) return hang_up(*link, kOtherLayout);
  for (const AnsweredLane& answered : answer.lanes) {
    if (answered.index >= link->lanes.size()) return hang_up(*link, kOtherKind);
  }
  link->table = answer.table;
  for (const AnsweredLane& answered : answer.lanes) {
    Lane& lane = *link->lanes[answered.index];
    // An answer to an offer that was given up meanwhile.
    const bool is_awaited =
        lane.state.state() == LaneState::State::kOffered && lane.offer_number == answer.number;
    if (is_awaited) connect_lane(lane, answered, answer);
  }
  settle(*link);
}

void Reader::connect_lane(Lane& lane, const AnsweredLane& answered, const Answer& answer) {
  switch (answered.verdict) {
    case LaneVerdict::kConnected: break;
    case LaneVerdict::kNoSuchKind:
      return break_lane(
          lane, {ErrorCode::kNotFound, 0, "verbs: the owner has no port with a GID of that kind"});
    case LaneVerdict::kLimit:
      return break_lane(
          lane, {ErrorCode::kLimit, 0, "verbs: the owner's device has no more queue pairs"});
    case LaneVerdict::kFailed:
      return break_lane(lane,
                        {ErrorCode::kSystem, 0, "verbs: the owner could not make a queue pair"});
  }
  if (answered.owner.kind != lane.queue->address().kind) return break_lane(lane, kOtherKind);
  const auto connected = lane.queue->connect(answered.owner);
  if (!connected) return break_lane(lane, connected.error());
  lane.memory = std::make_shared<const NodeMemory>(answer.memories[answered.memory]);
  lane.state.on_connected();
  probe(lane);
}

// The start of the owner's table names the process that it belongs to.
void Reader::probe(Lane& lane) {
  const auto cell = parts_.cells.take();
  if (!cell) {
    return break_lane(lane, {ErrorCode::kLimit, 0, "verbs: no memory is left for a probe"});
  }
  Operation operation{.kind = Operation::Kind::kProbe, .order = {}};
  operation.lane = &lane;
  operation.cell = *cell;
  const MemoryLayout& remote = lane.memory->table;
  add_work(lane, {.remote_address = remote.address,
                  .key = remote.key_at(0),
                  .size_bytes = kSlotBytes,
                  .local = parts_.cells.address(*cell),
                  .ends = operations_.add(operation)});
}

void Reader::on_probed(Lane& lane, const Result<void>& result, Line line) {
  Link& link = lane.link;
  if (!result) return break_lane(lane, result.error());
  if (!parts_.table.is_start_of(line, link.node)) return break_lane(lane, kWrongMemory);
  lane.state.on_probed();
  lane.tried.clear();
  link.backoff.reset();
  settle(link);
}

void Reader::break_lane(Lane& lane, const Error& why, std::optional<OperationIndex> culprit,
                        const Error& culprit_error) {
  const bool was_up = lane.state.is_up();
  if (was_up) {
    log::warn("verbs_lane_broken", {{"node", lane.link.node.node},
                                    {"lane", lane.index},
                                    {"over", name_of(lane)},
                                    {"error", why}});
  }
  if (!lane.tried.empty()) lane.tried += "; ";
  lane.tried += name_of(lane) + ": " + text_of(why);
  drop_queue(lane, why, culprit, culprit_error);
  if (lane.state.state() != LaneState::State::kBroken) lane.state.on_failed(now_ns_, jitter_);
  touch();
}

void Reader::on_rail_lost(uint8_t rail, const Error& why) {
  for (auto& [node, link] : links_) {
    for (const auto& lane : link.lanes) {
      if (lane->rail == rail && lane->queue != nullptr) break_lane(*lane, why);
    }
    settle(link);
  }
}

// ---- what follows -------------------------------------------------------------------------------

void Reader::settle(Link& link) {
  touch();
  if (link.state == Link::State::kUp) offer_lanes(link);
  if (link.has_lane_up()) {
    tell_up(link);
    for (const OperationIndex index : std::exchange(link.waiting, {})) assign(link, index);
  } else if (!link.is_undecided()) {
    fail_waiting(link);
  }
}

void Reader::tell_up(Link& link) {
  link.trouble.clear();
  if (std::exchange(link.is_told_up, true)) return;
  link.is_told_down = false;
  log::info("verbs_path_up", {{"node", link.node.node}, {"over", report_of(link).text}});
}

void Reader::fail_waiting(Link& link) {
  if (link.state == Link::State::kUp) {
    link.trouble.clear();
    for (const auto& lane : link.lanes) {
      if (!link.trouble.empty()) link.trouble += " | ";
      link.trouble += lane->tried;
    }
  }
  if (!std::exchange(link.is_told_down, true)) {
    link.is_told_up = false;
    log::warn("verbs_path_down", {{"node", link.node.node}, {"why", link.trouble}});
  }
  const Error told{ErrorCode::kDisconnected, 0, "verbs: no path to the node; see its transport"};
  for (const OperationIndex index : std::exchange(link.waiting, {})) end_early(index, told);
}

void Reader::hasten(Link& link) {
  const uint64_t at_ns = now_ns_ + options_.redial_wanted_ns;
  if (link.state == Link::State::kDown && !link.trouble.empty()) {
    link.deadline_ns = std::min(link.deadline_ns, at_ns);
  }
  for (const auto& lane : link.lanes) lane->state.hasten(at_ns);
  touch();
}

uint32_t Reader::connecting() const {
  return static_cast<uint32_t>(std::ranges::count_if(links_, [](const auto& entry) {
    const Link& link = entry.second;
    return link.state != Link::State::kDown && !link.has_lane_up() && link.is_undecided();
  }));
}

void Reader::tick_lanes(Link& link) {
  for (const auto& lane : link.lanes) {
    if (lane->state.tick(now_ns_)) break_lane(*lane, kLaneTimeout);
  }
}

void Reader::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  if (now_ns < next_pass_ns_) return;
  check_hurried();
  uint32_t room = options_.connecting_max - std::min(connecting(), options_.connecting_max);
  for (auto& [node, link] : links_) {
    switch (link.state) {
      case Link::State::kUp:
        tick_lanes(link);
        settle(link);
        break;
      case Link::State::kDialling:
        if (now_ns >= link.deadline_ns) hang_up(link, kDialTimeout);
        break;
      case Link::State::kDown:
        if (link.is_forgotten || now_ns < link.deadline_ns || room == 0) break;
        room--;
        dial(link);
        break;
    }
  }
  drop_forgotten();

  next_pass_ns_ = kForeverNs;
  for (const Hurried& one : hurried_) next_pass_ns_ = std::min(next_pass_ns_, one.until_ns);
  for (const auto& [node, link] : links_) {
    // Those that found no room come when something else has come to an end, which touches.
    const bool waits_for_room = link.state == Link::State::kDown && link.deadline_ns <= now_ns;
    if (!waits_for_room) next_pass_ns_ = std::min(next_pass_ns_, link.deadline_ns);
    if (link.state != Link::State::kUp) continue;
    for (const auto& lane : link.lanes) {
      next_pass_ns_ = std::min(next_pass_ns_, lane->state.next_ns());
    }
  }
}

uint64_t Reader::next_step_ns() const { return next_pass_ns_; }

// ---- for people ---------------------------------------------------------------------------------

std::optional<PathState> Reader::path_state(SourceNode node) const {
  const auto found = links_.find(node);
  if (found == links_.end() || found->second.is_forgotten) return std::nullopt;
  return found->second.path_state();
}

PathReport Reader::report_of(const Link& link) const {
  PathReport report{.node = link.node, .text = link.trouble};
  report.lanes = static_cast<uint32_t>(link.lanes.size());
  std::vector<std::string> names;
  for (const auto& lane : link.lanes) {
    if (!lane->state.is_up()) continue;
    report.lanes_up++;
    const std::string name = name_of(*lane);
    if (std::ranges::count(names, name) == 0) names.push_back(name);
  }
  report.state = link.path_state();
  if (report.lanes_up == 0) return report;
  report.text =
      std::to_string(report.lanes_up) + " of " + std::to_string(report.lanes) + " lanes over ";
  for (size_t i = 0; i < names.size(); i++) report.text += (i > 0 ? ", " : "") + names[i];
  return report;
}

std::vector<PathReport> Reader::paths() const {
  std::vector<PathReport> all;
  for (const auto& [node, link] : links_) {
    if (!link.is_forgotten) all.push_back(report_of(link));
  }
  return all;
}

}  // namespace obj::verbs
