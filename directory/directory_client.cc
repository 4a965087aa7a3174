// SPDX-License-Identifier: Apache-2.0
#include "directory/directory_client.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"

namespace obj::directory {
namespace {

// How much of a batch is inventory while one runs: the rest is for fresh reports.
constexpr size_t kInventoryChunk = wire::kReportsMax / 2;

}  // namespace

DirectoryClient::DirectoryClient(MessageTransport& transport, DirectoryClientOwner& owner,
                                 const DirectoryClientOptions& options, uint64_t seed,
                                 uint64_t now_ns)
    : owner_(owner),
      options_(options),
      now_ns_(now_ns),
      link_(transport, options.link, options.node, seed, now_ns),
      reports_(seed),
      lookups_(options.questions_max, SeededHash{seed}),
      frees_(options.questions_max, SeededHash{seed}),
      node_queries_(options.questions_max, {}),
      node_lists_(options.questions_max, {}),
      cache_(options.cache_entries_max, seed),
      subscriptions_(seed) {}

void DirectoryClient::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  link_.step(now_ns, load_, answer_due());
  if (link_.ready()) flush();
  if (link_.take_lost()) lost_link();
  expire();
  tell_owner();
}

uint64_t DirectoryClient::next_step_ns() {
  uint64_t next = link_.next_step_ns();
  if (link_.ready()) {
    if (!report_in_flight_) {
      if (reports_due()) return 0;
      next = std::min(next, reports_due_ns_);
    }
    if (!subscription_in_flight_) {
      if (subscriptions_due()) return 0;
      next = std::min(next, leaving_due_ns_);
    }
  }
  const auto consider = [&](auto& questions) {
    const bool can_send = link_.ready() && questions.batches_in_flight() < kQuestionBatchesMax;
    if (can_send && questions.has_unsent(now_ns_)) next = 0;
    next = std::min(next, questions.next_deadline_ns());
  };
  consider(lookups_);
  consider(frees_);
  consider(node_queries_);
  consider(node_lists_);
  return next;
}

void DirectoryClient::report(const ObjectId& id, const ObjectShape& shape, const Copy& copy) {
  const bool is_one_more = copy.role == CopyRole::kSecondary && copy.state == CopyState::kSealed;
  put_report(held(id, shape, copy), !is_one_more);
}

void DirectoryClient::withdraw(const ObjectId& id, uint32_t slot, uint64_t generation) {
  put_report(removed(id, slot, generation), false);
}

void DirectoryClient::unsubscribe(const ObjectId& id) {
  subscriptions_.remove(id);
  leaving_due_ns_ = std::min(leaving_due_ns_, now_ns_ + kPatienceNs);
}

void DirectoryClient::put_report(const CopyReport& report, bool is_urgent) {
  OBJ_CHECK(report.copy.generation <= kCopyGenerationMax);
  // An inventory that is owed will say it all.
  if (inventory_ == Inventory::kOwed || inventory_ == Inventory::kBegun) return;
  reports_.put(report);
  reports_due_ns_ = std::min(reports_due_ns_, is_urgent ? now_ns_ : now_ns_ + kPatienceNs);
  if (reports_.waiting() <= options_.pending_reports_max) return;
  log::warn("directory_reports_overflow", {{"waiting", reports_.waiting()}});
  inventory_ = Inventory::kOwed;
  reports_.forget_waiting();
}

Result<void> DirectoryClient::lookup(const ObjectId& id, RequestTag tag, uint64_t deadline_ns) {
  return lookups_.add(id, tag, deadline_ns);
}

Result<void> DirectoryClient::free(const ObjectId& id, RequestTag tag, uint64_t deadline_ns) {
  return frees_.add(id, tag, deadline_ns);
}

Result<void> DirectoryClient::find_node(NodeId node, RequestTag tag, uint64_t deadline_ns) {
  return node_queries_.add(node, tag, deadline_ns);
}

Result<void> DirectoryClient::list_nodes(NodeId after, RequestTag tag, uint64_t deadline_ns) {
  return node_lists_.add(after, tag, deadline_ns);
}

const Located* DirectoryClient::known(const ObjectId& id) {
  if (subscriptions_.contains(id)) {
    const Located& located = subscriptions_.located(id);
    if (!located.copies.empty()) return &located;
  }
  return cache_.find(id);
}

bool DirectoryClient::caught_up() const {
  return link_.ready() && inventory_ == Inventory::kNone && !report_in_flight_ &&
         reports_.waiting() == 0;
}

void DirectoryClient::on_peer_up(PeerId peer, bool) {
  if (link_.is(peer)) link_.on_up(now_ns_);
}

void DirectoryClient::on_peer_down(PeerId peer, const Error& why) {
  if (!link_.is(peer)) return;
  link_.on_down(why, now_ns_);
  if (link_.take_lost()) lost_link();
}

bool DirectoryClient::answer_due() const {
  return report_in_flight_ || subscription_in_flight_ || lookups_.batches_in_flight() > 0 ||
         frees_.batches_in_flight() > 0 || node_queries_.batches_in_flight() > 0 ||
         node_lists_.batches_in_flight() > 0;
}

bool DirectoryClient::reports_due() const {
  return inventory_ != Inventory::kNone || reports_.waiting() >= wire::kReportsMax ||
         (reports_.waiting() > 0 && now_ns_ >= reports_due_ns_);
}

bool DirectoryClient::subscriptions_due() const {
  return subscriptions_.has_urgent() || (subscriptions_.has_untold() && now_ns_ >= leaving_due_ns_);
}

void DirectoryClient::flush() {
  send_reports();
  if (link_.ready() && subscriptions_due() && !subscription_in_flight_) send_subscriptions();
  send_questions();
}

void DirectoryClient::send_reports() {
  if (report_in_flight_ || !link_.ready() || !reports_due()) return;
  switch (inventory_) {
    case Inventory::kOwed:
      reports_.forget_all();
      inventory_cursor_ = 0;
      inventory_ = Inventory::kBegun;
      return send_report(wire::encode_bare(writer_, wire::Type::kInventoryBegin, sequence_ + 1));
    case Inventory::kListing: return send_inventory();
    case Inventory::kNone:
      reports_.take(wire::kReportsMax);
      if (reports_.waiting() == 0) reports_due_ns_ = UINT64_MAX;
      return send_batch();
    case Inventory::kBegun:
    case Inventory::kEnding: break;  // in flight
  }
  OBJ_CHECK(false);
}

// Copies that we hold now, and what changed since we listed the others.
void DirectoryClient::send_inventory() {
  std::vector<CopyReport>& batch = reports_.batch();
  batch.resize(kInventoryChunk);
  const size_t listed = owner_.next_of_inventory(inventory_cursor_, batch);
  OBJ_CHECK(listed <= kInventoryChunk);
  batch.resize(listed);
  if (listed > 0) {
    reports_.take(wire::kReportsMax - listed);
    return send_batch();
  }
  inventory_ = Inventory::kEnding;
  send_report(wire::encode_bare(writer_, wire::Type::kInventoryEnd, sequence_ + 1));
}

void DirectoryClient::send_batch() {
  send_report(wire::encode_records<CopyReport>(writer_, wire::Type::kReport, sequence_ + 1,
                                               reports_.in_flight()));
}

// All that is numbered `sequence_ + 1`.
void DirectoryClient::send_report(std::span<const std::byte> message) {
  sequence_++;
  report_in_flight_ = true;
  link_.send(message);
}

void DirectoryClient::send_subscriptions() {
  const SubscriptionSet::Batch batch = subscriptions_.take_untold(wire::kIdsMax);
  if (!subscriptions_.has_untold()) leaving_due_ns_ = UINT64_MAX;
  const wire::Type type = batch.subscribe ? wire::Type::kSubscribe : wire::Type::kUnsubscribe;
  subscription_in_flight_ = true;
  link_.send(wire::encode_records<ObjectId>(writer_, type, ++last_cookie_, batch.ids));
}

template <class Questions, class Encode>
void DirectoryClient::send_each(Questions& questions, size_t count_max, Encode&& encode) {
  while (link_.ready() && questions.batches_in_flight() < kQuestionBatchesMax &&
         questions.has_unsent(now_ns_)) {
    link_.send(encode(questions.take_batch(++last_cookie_, count_max)));
  }
}

void DirectoryClient::send_questions() {
  const auto encode_ids = [&](wire::Type type) {
    return [this, type](const std::vector<ObjectId>& ids) {
      return wire::encode_records<ObjectId>(writer_, type, last_cookie_, ids);
    };
  };
  send_each(lookups_, wire::kLookupIdsMax, encode_ids(wire::Type::kLookup));
  send_each(frees_, wire::kIdsMax, encode_ids(wire::Type::kFree));
  send_each(node_queries_, wire::kNodesMax, [&](const std::vector<NodeId>& nodes) {
    return wire::encode_records<NodeId>(writer_, wire::Type::kNodeQuery, last_cookie_, nodes);
  });
  send_each(node_lists_, 1, [&](const std::vector<NodeId>& after) {
    return wire::encode_node_list(writer_, last_cookie_, after.front());
  });
}

// What was in flight may or may not have arrived; all of it can be said twice.
void DirectoryClient::lost_link() {
  lookups_.requeue();
  frees_.requeue();
  node_queries_.requeue();
  node_lists_.requeue();
  subscriptions_.tell_nothing();
  subscription_in_flight_ = false;
  // The batch of reports stays until the directory has said how far it came. An inventory that was
  // under way starts anew.
  if (inventory_ != Inventory::kNone) inventory_ = Inventory::kOwed;
}

void DirectoryClient::expire() {
  const std::unexpected why(link_.ready() ? Error{ErrorCode::kTimeout, 0, "directory: answer"}
                                          : Error{ErrorCode::kDisconnected, 0, "directory"});
  const auto collect = [&](auto& questions, auto tell) {
    tags_.clear();
    questions.expire(now_ns_, tags_);
    for (const RequestTag tag : tags_) {
      news_.push_back([tell, tag, why](DirectoryClientOwner& owner) { (owner.*tell)(tag, why); });
    }
  };
  collect(lookups_, &DirectoryClientOwner::on_located);
  collect(frees_, &DirectoryClientOwner::on_freed);
  collect(node_queries_, &DirectoryClientOwner::on_node);
  collect(node_lists_, &DirectoryClientOwner::on_nodes);
}

void DirectoryClient::tell_owner() {
  if (news_.empty()) return;
  const std::vector<News> news = std::exchange(news_, {});
  for (const News& tell : news) tell(owner_);
}

}  // namespace obj::directory
