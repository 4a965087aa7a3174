// SPDX-License-Identifier: Apache-2.0
// directory/directory_client_answers.cc -- what the directory says, and what follows from it.
#include <algorithm>

#include "base/log.hh"
#include "directory/directory_client.hh"

namespace obj::directory {
namespace {

// When to ask again what the directory could not say yet.
uint64_t ask_again_after_ns(uint32_t attempts) {
  constexpr uint64_t kFirstNs = 20'000'000;
  return kFirstNs << std::min(attempts, 4u);
}

}  // namespace

template <class Questions, class Key, class Tell, class Answered>
void DirectoryClient::finish(Questions& questions, const Key& key, Tell tell,
                             const Answered& result) {
  tags_.clear();
  questions.finish(key, tags_);
  for (const RequestTag tag : tags_) {
    news_.push_back(
        [tell, tag, result](DirectoryClientOwner& owner) { (owner.*tell)(tag, result); });
  }
}

void DirectoryClient::on_message(PeerId peer, std::span<const std::byte> bytes) {
  if (!link_.is(peer)) return;
  link_.on_heard(now_ns_);
  const auto message = wire::decode(bytes);
  if (!message) {
    link_.fail(message.error());
  } else if (!std::visit([&](const auto& decoded) { return take(decoded); }, *message)) {
    link_.fail({ErrorCode::kInvalid, 0, "directory: an answer to nothing"});
  }
  if (link_.ready()) flush();
  if (link_.take_lost()) lost_link();
  tell_owner();
}

bool DirectoryClient::take(const wire::Registered& message) {
  if (!link_.on_registered(message, now_ns_)) return false;
  // The batch that was in flight when the last connection ended: did it arrive?
  const uint64_t unsure = report_in_flight_ ? 1 : 0;
  const bool resumes = inventory_ == Inventory::kNone && !message.inventory_needed &&
                       message.applied_sequence <= sequence_ &&
                       sequence_ - message.applied_sequence <= unsure;
  const bool arrived = message.applied_sequence == sequence_;
  sequence_ = message.applied_sequence;
  report_in_flight_ = false;
  if (!resumes)
    inventory_ = Inventory::kOwed;
  else if (arrived)
    reports_.acknowledge();
  else
    send_batch();
  subscriptions_.tell_all_again();
  return true;
}

bool DirectoryClient::take(const wire::Reported& message) {
  if (!report_in_flight_ || message.sequence != sequence_) return false;
  report_in_flight_ = false;
  reports_.acknowledge();
  if (inventory_ == Inventory::kBegun)
    inventory_ = Inventory::kListing;
  else if (inventory_ == Inventory::kEnding)
    inventory_ = Inventory::kNone;
  for (size_t i = 0; i < message.conflicts.size(); i++) {
    const ObjectId id = message.conflicts[i];
    news_.push_back([id](DirectoryClientOwner& owner) { owner.on_conflict(id); });
  }
  if (message.refused > 0 && reports_refused_ == 0) {
    log::warn("directory_refused_reports", {{"count", message.refused}});
  }
  reports_refused_ += message.refused;
  return true;
}

bool DirectoryClient::take(const wire::Located& message) {
  const auto ids = lookups_.answered(message.cookie);
  wire::Answers answers = message.answers;
  if (!ids) return false;
  const bool fits = ids->size() == answers.left();
  Answer answer;
  for (const ObjectId& id : *ids) {
    if (fits && answers.next(answer))
      take_answer(id, answer);
    else
      lookups_.ask_later(id, now_ns_);
  }
  return fits;
}

void DirectoryClient::take_answer(const ObjectId& id, const Answer& answer) {
  if (answer.status == LookupStatus::kRetry) {
    return lookups_.ask_later(id, now_ns_ + ask_again_after_ns(lookups_.attempts(id)));
  }
  Result<Located> result = std::unexpected(Error{ErrorCode::kNotFound, 0, "directory: lookup"});
  if (answer.status == LookupStatus::kFound) {
    const auto shown = answer.shown();
    result = Located{answer.shape, answer.copies_known, {shown.begin(), shown.end()}};
    cache_.put(id, *result);
  } else {
    cache_.forget(id);
  }
  finish(lookups_, id, &DirectoryClientOwner::on_located, result);
}

bool DirectoryClient::take(const wire::Subscribed&) {
  return std::exchange(subscription_in_flight_, false);
}

bool DirectoryClient::take(const wire::Changes& message) {
  for (size_t i = 0; i < message.changes.size(); i++) {
    const LocationChange change = message.changes[i];
    if (change.kind == ChangeKind::kRemoved) cache_.invalidate(change.id, change.location.node);
    if (subscriptions_.apply(change)) {
      news_.push_back([id = change.id, located = subscriptions_.located(change.id)](
                          DirectoryClientOwner& owner) { owner.on_locations(id, located); });
    }
  }
  return true;
}

bool DirectoryClient::take(const wire::Freed& message) {
  const auto ids = frees_.answered(message.cookie);
  if (!ids) return false;
  const bool fits = ids->size() == message.holders.size();
  for (size_t i = 0; i < ids->size(); i++) {
    const ObjectId& id = (*ids)[i];
    if (!fits) {
      frees_.ask_later(id, now_ns_);
      continue;
    }
    cache_.forget(id);
    finish(frees_, id, &DirectoryClientOwner::on_freed, Result<uint32_t>(message.holders[i]));
  }
  return fits;
}

bool DirectoryClient::take(const wire::FreeOrders& message) {
  for (size_t i = 0; i < message.orders.size(); i++) {
    const FreeOrder order = message.orders[i];
    news_.push_back([order](DirectoryClientOwner& owner) { owner.on_free_order(order); });
  }
  return true;
}

bool DirectoryClient::take(const wire::Nodes& message) {
  const auto asked = node_queries_.answered(message.cookie);
  if (!asked) return take_node_page(message.cookie, message.answers);
  wire::NodeAnswers answers = message.answers;
  const bool fits = asked->size() == answers.left();
  NodeAnswer answer;
  for (const NodeId node : *asked) {
    if (!fits || !answers.next(answer)) {
      node_queries_.ask_later(node, now_ns_);
      continue;
    }
    finish(node_queries_, node, &DirectoryClientOwner::on_node, Result<NodeAnswer>(answer));
  }
  return fits;
}

bool DirectoryClient::take_node_page(uint64_t cookie, wire::NodeAnswers answers) {
  const auto after = node_lists_.answered(cookie);
  if (!after) return false;
  std::vector<NodeAnswer> nodes(answers.left());
  for (NodeAnswer& node : nodes) {
    if (!answers.next(node)) return false;
  }
  finish(node_lists_, after->front(), &DirectoryClientOwner::on_nodes,
         Result<std::vector<NodeAnswer>>(nodes));
  return true;
}

}  // namespace obj::directory
