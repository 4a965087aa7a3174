// SPDX-License-Identifier: Apache-2.0
#include "store/blockers.hh"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace obj {
namespace {

using Why = Blocker::Why;

void add_creators(const Unsealed& unsealed, std::vector<Blocker>& blockers) {
  for (const auto& [session, creator] : unsealed.creators()) {
    if (creator.held.objects == 0) continue;
    const Why why = session == kPullSession    ? Why::kPulled
                    : session == kSpillSession ? Why::kRestoring
                                               : Why::kUnsealed;
    blockers.push_back({why, session, "", creator.held});
  }
}

void add_readers(const Inventory& inventory, PinScan& pins, std::vector<Blocker>& blockers) {
  std::map<std::pair<SessionId, Why>, Holding> held;
  for (const PinScan::View& view : pins.views()) {
    const ObjectEntry& entry = inventory.entry(view.slot);
    // Whoever pins what is not sealed made that up.
    if (entry.place == Place::kUnsealed) continue;
    const Why why = view.session == kDaemonSession     ? Why::kRemote
                    : view.session == kSpillSession    ? Why::kSpilling
                    : entry.place == Place::kWithdrawn ? Why::kWithdrawn
                                                       : Why::kViewed;
    Holding& holding = held[{view.session, why}];
    holding.objects++;
    holding.bytes += entry.size_bytes;
  }
  for (const auto& [who, holding] : held) blockers.push_back({who.second, who.first, "", holding});
}

void add_owners(const OwnerPins& owner_pins, std::vector<Blocker>& blockers) {
  for (const auto& [owner, held] : owner_pins.holdings()) {
    blockers.push_back({Why::kOwnerPinned, 0, owner, held});
  }
}

void add_unspilled(const Inventory& inventory, std::vector<Blocker>& blockers) {
  if (!inventory.keeps_only_copies()) return;
  const Recency& recency = inventory.recency();
  const Holding held{recency.size(Worth::kOnlyCopy), recency.bytes(Worth::kOnlyCopy)};
  if (held.objects > 0) blockers.push_back({Why::kUnspilled, 0, "", held});
}

bool is_before(const Blocker& left, const Blocker& right) {
  // By what follows the bytes only so that the order is the same each time.
  const auto key = [](const Blocker& blocker) {
    return std::tuple(~blocker.held.bytes, blocker.why, blocker.session,
                      std::string_view(blocker.owner));
  };
  return key(left) < key(right);
}

}  // namespace

std::vector<Blocker> find_blockers(const Inventory& inventory, const OwnerPins& owner_pins,
                                   PinScan& pins, uint32_t entries_max) {
  std::vector<Blocker> blockers;
  add_creators(inventory.unsealed(), blockers);
  add_readers(inventory, pins, blockers);
  add_owners(owner_pins, blockers);
  add_unspilled(inventory, blockers);
  std::ranges::sort(blockers, is_before);
  if (blockers.size() > entries_max) blockers.resize(entries_max);
  return blockers;
}

}  // namespace obj
