// SPDX-License-Identifier: Apache-2.0
#include "node/wishes.hh"

#include <utility>

#include "base/check.hh"

namespace obj {

std::optional<Wishes::Draft> Wishes::add(PullClass pull_class, const Wish& wish) {
  std::optional<Draft> other;
  if (draft_ &&
      (draft_->pull_class != pull_class || draft_->wishes.front().session != wish.session)) {
    other = take_draft();
  }
  if (!draft_) draft_ = Draft{pull_class, {}};
  draft_->wishes.push_back(wish);
  return other;
}

std::optional<Wishes::Draft> Wishes::take_draft() { return std::exchange(draft_, std::nullopt); }

void Wishes::requested(BundleId bundle, const Draft& draft) {
  Bundle& added = bundles_[bundle];
  added.pull_class = draft.pull_class;
  for (const Wish& wish : draft.wishes) {
    added.waiting.emplace(key(wish.session, wish.tag), wish.id);
    const bool is_new = by_session_[wish.session].emplace(wish.tag, bundle).second;
    OBJ_CHECK(is_new);
  }
}

std::optional<BundleId> Wishes::leave(SessionId session, uint32_t tag) {
  const auto of_session = by_session_.find(session);
  if (of_session != by_session_.end()) {
    const auto found = of_session->second.find(tag);
    if (found != of_session->second.end()) {
      const BundleId bundle = found->second;
      of_session->second.erase(found);
      if (of_session->second.empty()) by_session_.erase(of_session);
      return remove(bundle, key(session, tag)) ? std::optional(bundle) : std::nullopt;
    }
  }
  // Not requested yet.
  if (draft_) {
    std::erase_if(draft_->wishes,
                  [&](const Wish& wish) { return wish.session == session && wish.tag == tag; });
    if (draft_->wishes.empty()) draft_.reset();
  }
  return std::nullopt;
}

void Wishes::leave_session(SessionId session, std::vector<BundleId>& unwanted) {
  if (draft_ && draft_->wishes.front().session == session) draft_.reset();
  const auto of_session = by_session_.extract(session);
  if (of_session.empty()) return;
  for (const auto& [tag, bundle] : of_session.mapped()) {
    if (remove(bundle, key(session, tag))) unwanted.push_back(bundle);
  }
}

// True: that was the last one.
bool Wishes::remove(BundleId bundle, uint64_t key) {
  const auto found = bundles_.find(bundle);
  OBJ_CHECK(found != bundles_.end());
  found->second.waiting.erase(key);
  if (!found->second.waiting.empty()) return false;
  bundles_.erase(found);
  return true;
}

Wishes::Draft Wishes::end(BundleId bundle) {
  const auto ended = bundles_.extract(bundle);
  if (ended.empty()) return {};
  Draft left{ended.mapped().pull_class, {}};
  for (const auto& [key, id] : ended.mapped().waiting) {
    const auto session = static_cast<SessionId>(key >> 32);
    const auto tag = static_cast<uint32_t>(key);
    left.wishes.push_back({session, tag, id});
    const auto of_session = by_session_.find(session);
    of_session->second.erase(tag);
    if (of_session->second.empty()) by_session_.erase(of_session);
  }
  return left;
}

}  // namespace obj
