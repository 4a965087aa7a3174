// SPDX-License-Identifier: Apache-2.0
#include "node/remote/pull_driver.hh"

#include <algorithm>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/check.hh"
#include "base/log.hh"
#include "node/remote/locations.hh"
#include "store/extent_allocator.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

ReadCookie cookie_of(ReadTicket ticket) { return uint64_t{ticket.pull} << 32 | ticket.part; }
ReadTicket ticket_of(ReadCookie cookie) {
  return {static_cast<PullKey>(cookie >> 32), static_cast<uint32_t>(cookie)};
}

RemoteCopy copy_of(const ObjectId& id, const Source& source) {
  return {source.node, id, source.slot, source.generation, source.offset};
}

uint64_t extent_bytes(const Placement& placement) {
  return ExtentAllocator::extent_bytes(
      transfer_bytes(placement.data_bytes, placement.metadata_bytes));
}

}  // namespace

PullDriver::PullDriver(const PullParts& parts, const PullOptions& options, SourceNode self,
                       uint64_t seed, ElsewhereNews& news)
    : store_(parts.store),
      admission_(parts.admission),
      pins_(parts.pins),
      arena_(parts.arena),
      directory_(parts.directory),
      recall_(parts.recall),
      ask_restore_(parts.ask_restore),
      self_(self),
      news_(news),
      manager_(options, seed) {}

Result<BundleId> PullDriver::request(PullClass pull_class, std::span<const ObjectId> ids,
                                     uint64_t now_ns) {
  is_unsettled_ = true;
  return manager_.request(pull_class, ids, now_ns);
}

void PullDriver::cancel(BundleId bundle) {
  is_unsettled_ = true;
  manager_.cancel(bundle);
}

// ---- what happened ------------------------------------------------------------------------------

void PullDriver::on_locations(const ObjectId& id, const directory::Located& located,
                              uint64_t now_ns) {
  const auto watched = watched_.find(id);
  if (watched == watched_.end()) return;
  const ObjectRecord record = record_of(located, self_.node);
  SourceNode& last_holder = watched->second.last_holder;
  if (!record.sources.empty()) {
    last_holder = record.sources.front().node;
  } else if (record.spilled_at) {
    last_holder = *record.spilled_at;
  } else if (const SourceNode holder = std::exchange(last_holder, {}); holder.node != 0) {
    suspects_.add(holder, now_ns);  // withdrawn, or its holder died: that is a difference
  }
  manager_.on_located(id, record, now_ns);
  is_unsettled_ = true;
}

void PullDriver::on_sealed(const Placement& placement, uint64_t now_ns) {
  if (!watched_.contains(placement.id)) return;
  now_ns_ = now_ns;
  tell_local(placement.id, placement);
}

void PullDriver::on_gone(const Placement& placement, uint64_t now_ns) {
  const auto watched = watched_.find(placement.id);
  if (watched == watched_.end()) return;
  watched->second.local.reset();
  manager_.on_local_gone(placement.id, now_ns);
  is_unsettled_ = true;
  // Evicted to storage before the manager could pin it: it is wanted here still.
  recall_(placement.id);
}

// It is sealed here; who else holds it is found out when views are looked at.
void PullDriver::tell_local(const ObjectId& id, const Placement& placement) {
  Watched& watched = watched_.at(id);
  watched.local = placement;
  watched.hold = LocalHold::kPulls;
  manager_.on_local(id, extent_bytes(placement), watched.hold, now_ns_);
  is_unsettled_ = true;
}

void PullDriver::on_read_done(ReadCookie cookie, const Result<ReadProof>& result) {
  completions_.push_back({cookie, result});
}

void PullDriver::on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) {
  completions_.push_back({cookie, result});
}

void PullDriver::note_end(const Posted& posted, const Error* error) {
  if (error == nullptr) {
    pulled_bytes_ += posted.size_bytes;
    suspects_.remove(posted.node);
  } else if (error->code == ErrorCode::kDisconnected) {
    suspects_.add(posted.node, now_ns_);
  }
}

void PullDriver::ask_about(SourceNode node) {
  const auto asked = directory_.find_node(node.node, node.node, now_ns_ + kNodeAnswerNs);
  if (!asked) log::debug("node_question", {{"node", node.node}, {"", asked.error()}});
}

void PullDriver::on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns) {
  const PullKey pull = outcome.ticket.tag;
  const auto asked = asked_.extract(pull);
  OBJ_CHECK(!asked.empty());
  is_unsettled_ = true;
  if (!outcome.result) return manager_.on_refused(pull, outcome.result.error(), now_ns);
  reserved_bytes_ += extent_bytes(*outcome.result);
  reserved_.emplace(pull, Reserved{outcome.result->id, asked.mapped(), *outcome.result});
  manager_.on_granted(pull, outcome.result->offset, now_ns);
}

// ---- decisions and what follows -----------------------------------------------------------------

void PullDriver::settle(uint64_t now_ns) {
  now_ns_ = now_ns;
  do {
    is_unsettled_ = false;
    tell_completions();
    for (const SourceNode node : suspects_.due(now_ns)) ask_about(node);
    stop_trusting(now_ns);
    tell_budget();
    actions_.clear();
    manager_.advance(now_ns, actions_);
    // Carrying one out may bring the next: not into the list that we go through.
    const std::vector<PullAction> actions = std::exchange(actions_, {});
    for (const PullAction& action : actions) carry_out(action);
    is_unsettled_ = is_unsettled_ || !actions.empty() || !completions_.empty();
  } while (is_unsettled_);
}

uint64_t PullDriver::next_step_ns() {
  if (is_unsettled_ || !completions_.empty()) return 0;
  // A view that goes makes room, and nobody tells.
  const bool looks_at_views = !watched_.empty() && viewed_bytes_ > 0;
  return std::min({manager_.next_deadline_ns(), suspects_.next_ns(),
                   trusted_.empty() ? kForeverNs : trusted_.front().until_ns,
                   looks_at_views ? viewed_at_ns_ + kViewsEveryNs : kForeverNs});
}

void PullDriver::tell_completions() {
  const std::vector<Completion> completions = std::exchange(completions_, {});
  for (const Completion& done : completions) {
    // The transport promises one completion for each post: another one would be a bug of ours.
    const auto posted = posted_.extract(done.cookie);
    OBJ_CHECK(!posted.empty());
    const ReadTicket ticket = ticket_of(done.cookie);
    const auto tell = [&](const auto& result) {
      note_end(posted.mapped(), result ? nullptr : &result.error());
      if constexpr (std::is_same_v<decltype(result), const Result<ReadProof>&>) {
        manager_.on_read_done(ticket, result, now_ns_);
      } else {
        manager_.on_check_done(ticket, result, now_ns_);
      }
    };
    std::visit(tell, done.result);
  }
}

void PullDriver::carry_out(const PullAction& action) {
  std::visit([this](const auto& each) { handle(each); }, action);
}

// What pulls may hold: the arena less what others hold.
void PullDriver::tell_budget() {
  if (watched_.empty()) return;
  if (now_ns_ - viewed_at_ns_ >= kViewsEveryNs) look_at_views();
  const Ledger& ledger = store_.ledger();
  const uint64_t others_bytes = ledger.unsealed.bytes - reserved_bytes_ +
                                ledger.owner_pinned.bytes + ledger.withdrawn.bytes + viewed_bytes_;
  const uint64_t capacity_bytes = ledger.capacity_bytes;
  manager_.on_budget(capacity_bytes - std::min(others_bytes, capacity_bytes), capacity_bytes);
}

// What clients view shows only when all their pin cells are read: now and then.
void PullDriver::look_at_views() {
  viewed_at_ns_ = now_ns_;
  viewed_bytes_ = 0;
  std::unordered_set<ObjectId, ObjectIdHash> viewed;
  for (const Placement& placement : store_.viewed()) {
    viewed_bytes_ += extent_bytes(placement);
    viewed.insert(placement.id);
  }
  for (auto& [id, watched] : watched_) {
    if (!watched.local) continue;
    const auto sight = store_.look(watched.local->ref);
    const bool others_too = viewed.contains(id) || (sight && sight->owner_pinned);
    const LocalHold hold = others_too ? LocalHold::kOthersToo : LocalHold::kPulls;
    if (std::exchange(watched.hold, hold) == hold) continue;
    manager_.on_local(id, extent_bytes(*watched.local), hold, now_ns_);
  }
}

// ---- directory ----------------------------------------------------------------------------------

void PullDriver::handle(const pull_action::Subscribe& action) {
  watched_.try_emplace(action.id);
  if (const auto placement = store_.find_sealed(action.id)) {
    tell_local(action.id, *placement);
  } else {
    recall_(action.id);  // whatever the directory knows of it
  }
  const auto* const located = directory_.known(action.id);
  if (located == nullptr) return directory_.subscribe(action.id);
  trusted_.push_back({action.id, now_ns_ + kTrustNs});
  on_locations(action.id, *located, now_ns_);
}

void PullDriver::stop_trusting(uint64_t now_ns) {
  for (; !trusted_.empty() && trusted_.front().until_ns <= now_ns; trusted_.pop_front()) {
    const ObjectId& id = trusted_.front().id;
    if (watched_.contains(id)) directory_.subscribe(id);
  }
}

void PullDriver::handle(const pull_action::Unsubscribe& action) {
  watched_.erase(action.id);
  directory_.unsubscribe(action.id);
}

void PullDriver::handle(const pull_action::ReportStale& action) {
  directory_.invalidate(action.id, action.source.node);
  if (watched_.contains(action.id)) directory_.subscribe(action.id);
}

void PullDriver::handle(const pull_action::AskRestore& action) {
  ask_restore_(action.id, action.node);
}

// ---- memory -------------------------------------------------------------------------------------

void PullDriver::handle(const pull_action::Pin& action) {
  const auto placement = store_.find_sealed(action.id);
  if (!placement) return manager_.on_local_gone(action.id, now_ns_);
  pins_.add(placement->ref);
  const bool is_new = pinned_.emplace(action.id, placement->ref).second;
  OBJ_CHECK(is_new);
}

void PullDriver::handle(const pull_action::Unpin& action) {
  const auto pinned = pinned_.extract(action.id);
  OBJ_CHECK(!pinned.empty());
  pins_.remove(pinned.mapped());
  news_.on_relief();
}

void PullDriver::handle(const pull_action::Reserve& action) {
  const CreateSpec spec{.id = action.id,
                        .data_bytes = action.shape.data_bytes,
                        .metadata_bytes = action.shape.metadata_bytes,
                        .creator = kPullSession,
                        .role = CopyRole::kSecondary,
                        .origin = action.shape.origin};
  asked_.emplace(action.pull, action.shape);
  const auto outcome =
      admission_.submit(spec, {kPullSession, action.pull}, now_ns_, Admission::kForever);
  if (outcome) {
    on_create_outcome(*outcome, now_ns_);
  } else {
    news_.on_relief();  // it is in the queue now: whoever serves that must know
  }
}

void PullDriver::handle(const pull_action::Seal& action) {
  const auto reserved = reserved_.extract(action.pull);
  OBJ_CHECK(!reserved.empty());
  const Reserved& copy = reserved.mapped();
  reserved_bytes_ -= extent_bytes(copy.placement);
  const auto sealed = store_.seal(copy.placement.ref, kPullSession);
  if (!sealed) {
    // Deleted while it was pulled.
    manager_.on_seal_failed(action.id, sealed.error(), now_ns_);
    news_.on_relief();
    return;
  }
  news_.on_pulled(*sealed);
}

void PullDriver::handle(const pull_action::Release& action) {
  if (admission_.cancel({kPullSession, action.pull})) {
    asked_.erase(action.pull);
    return;
  }
  const auto reserved = reserved_.extract(action.pull);
  OBJ_CHECK(!reserved.empty());
  const Reserved& copy = reserved.mapped();
  const ObjectRef ref = copy.placement.ref;
  reserved_bytes_ -= extent_bytes(copy.placement);
  if (copy.is_shown) directory_.withdraw(copy.id, ref.slot, ref.generation);
  if (pins_.holds(ref)) {
    lingering_.emplace(make_pin(ref.slot, ref.generation), copy);
  } else {
    give_back(copy);
  }
}

void PullDriver::on_unheld(ObjectRef ref) {
  const auto lingering = lingering_.extract(make_pin(ref.slot, ref.generation));
  if (!lingering.empty()) give_back(lingering.mapped());
  news_.on_relief();
}

void PullDriver::give_back(const Reserved& reserved) {
  const auto aborted = store_.abort(reserved.placement.ref, kPullSession);
  // It may have been deleted meanwhile, which gives the memory back just the same.
  if (!aborted) log::debug("pull_abort", {{"id", to_hex(reserved.id)}, {"", aborted.error()}});
  news_.on_relief();
}

void PullDriver::handle(const pull_action::ShowReady& action) {
  Reserved& copy = reserved_.at(action.pull);
  const auto shown = store_.show_ready(copy.placement.ref, kPullSession, action.ready_bytes);
  if (!shown || std::exchange(copy.is_shown, true)) return;
  directory_.report(copy.id, {copy.shape.data_bytes, copy.shape.metadata_bytes, copy.shape.origin},
                    obj::copy_of(copy.placement, directory::CopyState::kPartial));
}

// ---- reads --------------------------------------------------------------------------------------

void PullDriver::handle(const pull_action::PostRead& action) {
  post(action.source.node, ReadOrder{.cookie = cookie_of(action.ticket),
                                     .copy = copy_of(action.id, action.source),
                                     .object_offset = action.object_offset,
                                     .size_bytes = action.size_bytes,
                                     .destination = arena_.data() + action.destination_offset});
}

void PullDriver::handle(const pull_action::PostCheck& action) {
  post(action.source.node,
       CheckOrder{.cookie = cookie_of(action.ticket), .copy = copy_of(action.id, action.source)});
}

void PullDriver::post(SourceNode node, const ReadPost& post) {
  const auto* const read = std::get_if<ReadOrder>(&post);
  posted_.emplace(obj::cookie_of(post), Posted{node, read != nullptr ? read->size_bytes : 0});
  switch (nodes_.known(node)) {
    case NodeBook::Known::kKnown: return send(post);
    case NodeBook::Known::kAsked: return nodes_.wait(node, post);
    case NodeBook::Known::kUnknown: break;
  }
  nodes_.asked(node);
  nodes_.wait(node, post);
  const auto asked = directory_.find_node(node.node, node.node, now_ns_ + kNodeAnswerNs);
  if (!asked) fail(nodes_.forget(node), asked.error());
}

void PullDriver::send(const ReadPost& post) {
  if (const auto* const read = std::get_if<ReadOrder>(&post)) {
    reads_->post_read(*read);
  } else {
    reads_->post_check(std::get<CheckOrder>(post));
  }
}

void PullDriver::fail(const std::vector<ReadPost>& posts, const Error& why) {
  for (const ReadPost& post : posts) {
    const ReadCookie cookie = obj::cookie_of(post);
    if (std::holds_alternative<ReadOrder>(post)) {
      on_read_done(cookie, std::unexpected(why));
    } else {
      on_check_done(cookie, std::unexpected(why));
    }
  }
}

void PullDriver::on_node(directory::RequestTag tag, const Result<directory::NodeAnswer>& answer,
                         uint64_t now_ns) {
  const auto number = static_cast<uint32_t>(tag);
  const bool is_alive = answer && answer->status == directory::NodeStatus::kAlive;
  const uint64_t incarnation = answer ? answer->info.node.incarnation : 0;
  for (const SourceNode node : suspects_.lives_of(number)) {
    if (answer && (!is_alive || incarnation != node.incarnation)) {
      suspects_.remove(node);
      forget_dead(node, now_ns);
    }
  }
  for (const SourceNode node : nodes_.asked_of(number)) {
    if (is_alive && incarnation == node.incarnation) {
      reads_->connect(node, answer->info.address);
      for (const ReadPost& post : nodes_.found(node)) send(post);
    } else if (answer) {
      forget_dead(node, now_ns);
    } else {
      fail(nodes_.forget(node), answer.error());
    }
  }
  is_unsettled_ = true;
}

// That life of the node is over, or was never known.
void PullDriver::forget_dead(SourceNode node, uint64_t now_ns) {
  fail(nodes_.forget(node), Error{ErrorCode::kDisconnected, 0, "the node is dead"});
  reads_->forget(node);
  manager_.on_node_down(node, now_ns);
}

void PullDriver::handle(const pull_action::HurryPart& action) {
  const ReadCookie cookie = cookie_of(action.ticket);
  const auto posted = posted_.find(cookie);
  if (posted == posted_.end()) return;
  if (auto waiting = nodes_.take(posted->second.node, cookie)) {
    fail({*waiting}, Error{ErrorCode::kCancelled, 0, "hurried before it was posted"});
  } else {
    reads_->hurry(cookie);
  }
}

// ---- ends ---------------------------------------------------------------------------------------

void PullDriver::handle(const pull_action::BundleDone& action) {
  news_.on_bundle_done(action.bundle, now_ns_);
}

void PullDriver::handle(const pull_action::BundleFailed& action) {
  log::warn("pull_failed", {{"why", to_text(action.failure)}});
  news_.on_bundle_failed(action.bundle, action.failure, now_ns_);
}

void PullDriver::stop(uint64_t now_ns) {
  now_ns_ = now_ns;
  for (const auto& [cookie, posted] : std::unordered_map(posted_)) {
    handle(pull_action::HurryPart{ticket_of(cookie), posted.node});
  }
}

}  // namespace obj
