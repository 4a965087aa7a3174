// SPDX-License-Identifier: Apache-2.0
// Goal: whatever happens in whatever order, objects that are held stay, the books agree with a
// recount after each step, and a create fails for lack of memory only if there is none. Method:
// random operations beside a model that knows who holds what, with nonsense in pin cells and
// touches.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/extent_allocator.hh"
#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint32_t kSlots = 48;
constexpr uint64_t kArena = 96 << 10;
constexpr uint64_t kNumbers = 80;
constexpr SessionId kSessions = 4;

struct Known {
  Placement placement;
  SessionId creator;
  CopyRole role;
  bool is_sealed = false;
  bool is_removed = false;
  std::set<std::string> owners;
  std::multiset<SessionId> viewers;
};

class RandomWalk {
 public:
  explicit RandomWalk(uint64_t seed) : random_(seed), test_(kSlots, kArena) {}

  void step() {
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
      case 3: return create();
      case 4:
      case 5:
      case 6: return seal();
      case 7: return abort();
      case 8: return view();
      case 9: return release();
      case 10: return remove();
      case 11: return pin();
      case 12: return unpin();
      case 13: return end_session();
      case 14: return touch();
      default: return reap();
    }
  }

  void check() {
    test_.store.check_invariants();
    ASSERT_EQ(test_.store.ledger(), test_.store.recount());
    Ledger expected;
    expected.capacity_bytes = kArena;
    expected.free_bytes = kArena;
    for (const Known& known : objects_) {
      const uint64_t bytes = extent_of(known).second;
      Holding& account = !known.is_sealed   ? expected.unsealed
                         : known.is_removed ? expected.withdrawn
                                            : expected.sealed;
      account.objects++;
      account.bytes += bytes;
      if (!known.owners.empty() && !known.is_removed) {
        expected.owner_pinned.objects++;
        expected.owner_pinned.bytes += bytes;
      }
      if (known.is_sealed && !known.is_removed && known.role == CopyRole::kSecondary) {
        expected.secondary.objects++;
        expected.secondary.bytes += bytes;
      }
      expected.free_bytes -= bytes;
      check_object(known);
    }
    ASSERT_EQ(test_.store.ledger(), expected);
    ASSERT_EQ(test_.store.has_withdrawn(), expected.withdrawn.objects > 0);
  }

 private:
  using Objects = std::vector<Known>;

  void check_object(const Known& known) {
    const ObjectRef ref = known.placement.ref;
    ASSERT_EQ(test_.table.generation(ref.slot), ref.generation);
    const SlotState expected = !known.is_sealed   ? SlotState::kCreating
                               : known.is_removed ? SlotState::kEvicting
                                                  : SlotState::kSealed;
    ASSERT_EQ(test_.table.state(ref.slot), expected);
    if (known.is_removed) return;
    const auto described = test_.store.describe(known.placement.id);
    ASSERT_TRUE(described.has_value());
    ASSERT_EQ(described->placement.ref, ref);
    ASSERT_EQ(described->placement.role, known.role);
    ASSERT_EQ(described->sealed, known.is_sealed);
    ASSERT_EQ(described->owner_pins, known.owners.size());
    ASSERT_EQ(described->views, known.viewers.size());
  }

  static std::pair<uint64_t, uint64_t> extent_of(const Known& known) {
    const uint64_t bytes =
        metadata_offset(known.placement.data_bytes) + known.placement.metadata_bytes;
    return {known.placement.offset, ExtentAllocator::extent_bytes(bytes)};
  }
  static bool may_go(const Known& known) {
    return known.is_sealed && !known.is_removed && known.owners.empty() && known.viewers.empty();
  }

  // False for what was evicted in the call under way.
  bool is_here(const Known& known) {
    return test_.table.generation(known.placement.ref.slot) == known.placement.ref.generation;
  }

  // Any object, or null if there is none.
  Known* any() { return objects_.empty() ? nullptr : &objects_[random_() % objects_.size()]; }
  Known* any_live() {
    Known* known = any();
    return known != nullptr && !known->is_removed ? known : nullptr;
  }
  Known* find(uint64_t number) {
    const auto found = std::ranges::find_if(objects_, [&](const Known& known) {
      return known.placement.id == numbered_id(number) && !known.is_removed;
    });
    return found == objects_.end() ? nullptr : &*found;
  }
  void forget(const Known& known) { objects_.erase(objects_.begin() + (&known - objects_.data())); }

  uint64_t random_bytes() {
    switch (random_() % 4) {
      case 0: return random_() % 100;
      case 1: return random_() % 5000;
      case 2: return 4096 * (random_() % 4);
      default: return random_() % (kArena + 2000);
    }
  }

  void create() {
    const uint64_t number = random_() % kNumbers;
    const CreateSpec spec{numbered_id(number), random_bytes(),
                          static_cast<uint32_t>(random_() % 300),
                          static_cast<SessionId>(1 + random_() % kSessions),
                          random_() % 2 == 0 ? CopyRole::kPrimary : CopyRole::kSecondary};
    const bool exists = find(number) != nullptr;
    const uint64_t wanted = metadata_offset(spec.data_bytes) + spec.metadata_bytes;
    scribble();
    // Readers that pin while the store looks for victims, also what it has chosen.
    int late_pins = static_cast<int>(random_() % 4);
    test_.readers.on_scan = [&] {
      if (late_pins-- > 0) view();
    };
    const bool is_bounded = random_() % 4 == 0;
    const auto evictions_max = is_bounded ? static_cast<uint32_t>(random_() % 4) : UINT32_MAX;
    const auto created = test_.store.create(spec, evictions_max);
    test_.readers.on_scan = nullptr;
    forget_evicted();
    if (created) {
      ASSERT_FALSE(exists);
      ASSERT_EQ(created->data_bytes, spec.data_bytes);
      objects_.push_back({*created, spec.creator, spec.role, false, false, {}, {}});
    } else if (created.error().code == ErrorCode::kExists) {
      ASSERT_TRUE(exists);
    } else if (created.error().code == ErrorCode::kTooLarge) {
      ASSERT_GT(wanted, kArena);
    } else {
      ASSERT_EQ(created.error().code, ErrorCode::kOutOfMemory);
      if (test_.store.is_clearing()) {
        ASSERT_TRUE(is_bounded);
        return;
      }
      ASSERT_FALSE(could_fit(wanted)) << wanted;
    }
  }

  // What is gone from the store must have been free to go.
  void forget_evicted() {
    for (size_t i = objects_.size(); i > 0; i--) {
      const Known& known = objects_[i - 1];
      if (is_here(known)) continue;
      ASSERT_TRUE(may_go(known));
      forget(known);
    }
  }

  bool could_fit(uint64_t wanted) {
    std::map<uint64_t, uint64_t> staying;
    for (const Known& known : objects_) {
      if (!may_go(known)) staying.insert(extent_of(known));
    }
    if (staying.size() == kSlots) return false;
    uint64_t start = 0;
    for (const auto& [offset, bytes] : staying) {
      if (ExtentAllocator::fits_between(start, offset, wanted)) return true;
      start = offset + bytes;
    }
    return ExtentAllocator::fits_between(start, kArena, wanted);
  }

  void seal() {
    Known* known = any();
    if (known == nullptr) return;
    const bool is_creator = random_() % 8 != 0;
    const SessionId session = is_creator ? known->creator : known->creator + 1;
    const auto sealed = test_.store.seal(known->placement.ref, session);
    if (known->is_sealed) {
      ASSERT_FALSE(sealed.has_value());
    } else if (!is_creator) {
      ASSERT_EQ(sealed.error().code, ErrorCode::kNotOwner);
    } else if (known->is_removed) {
      ASSERT_EQ(sealed.error().code, ErrorCode::kStale);
      forget(*known);
    } else {
      ASSERT_TRUE(sealed.has_value());
      known->is_sealed = true;
    }
  }

  void abort() {
    Known* known = any();
    if (known == nullptr) return;
    const auto aborted = test_.store.abort(known->placement.ref, known->creator);
    ASSERT_EQ(aborted.has_value(), !known->is_sealed && !known->is_removed);
    if (!known->is_sealed) forget(*known);
  }

  void view() {
    Known* known = any_live();
    if (known == nullptr || !known->is_sealed || !is_here(*known)) return;
    const auto session = static_cast<SessionId>(1 + random_() % kSessions);
    test_.readers.pin(session, known->placement.ref);
    known->viewers.insert(session);
  }

  void release() {
    Known* known = any();
    if (known == nullptr || known->viewers.empty()) return;
    const SessionId session = *known->viewers.begin();
    test_.readers.release(session, known->placement.ref);
    known->viewers.erase(known->viewers.begin());
  }

  void remove() {
    const uint64_t number = random_() % kNumbers;
    Known* known = find(number);
    test_.store.remove(numbered_id(number));
    if (known == nullptr) return;
    if (known->is_sealed && known->viewers.empty()) return forget(*known);
    known->is_removed = true;
    known->owners.clear();
  }

  void pin() {
    const uint64_t number = random_() % kNumbers;
    const std::string owner = std::to_string(random_() % 3);
    Known* known = find(number);
    const bool is_sealed = known != nullptr && known->is_sealed;
    ASSERT_EQ(test_.store.pin(numbered_id(number), owner).has_value(), is_sealed);
    if (is_sealed) known->owners.insert(owner);
  }

  void unpin() {
    const uint64_t number = random_() % kNumbers;
    const std::string owner = std::to_string(random_() % 3);
    Known* known = find(number);
    const bool is_owner = known != nullptr && known->owners.contains(owner);
    ASSERT_EQ(test_.store.unpin(numbered_id(number), owner).has_value(), is_owner);
    if (is_owner) known->owners.erase(owner);
  }

  void end_session() {
    if (random_() % 4 != 0) return;
    const auto session = static_cast<SessionId>(1 + random_() % kSessions);
    // Not release_all(): scribbled cells of the session stay, as nonsense of somebody else.
    uint32_t unsealed = 0;
    for (size_t i = objects_.size(); i > 0; i--) {
      Known& known = objects_[i - 1];
      while (known.viewers.contains(session)) {
        test_.readers.release(session, known.placement.ref);
        known.viewers.erase(known.viewers.find(session));
      }
      if (known.is_sealed || known.creator != session) continue;
      forget(known);
      unsealed++;
    }
    ASSERT_EQ(test_.store.end_session(session), unsealed);
  }

  void touch() {
    for (int i = 0; i < 5; i++) {
      test_.readers.touches.push_back(static_cast<uint32_t>(random_() % (kSlots + 10)));
    }
  }

  void reap() {
    uint32_t expected = 0;
    for (size_t i = objects_.size(); i > 0; i--) {
      const Known& known = objects_[i - 1];
      if (!known.is_removed || !known.is_sealed || !known.viewers.empty()) continue;
      forget(known);
      expected++;
    }
    ASSERT_EQ(test_.store.reap(), expected);
  }

  // Replaces the nonsense in session 99's cells.
  void scribble() {
    test_.readers.release_all(99);
    for (int i = 0; i < 4; i++) {
      const auto slot = static_cast<uint32_t>(random_() % (kSlots + 4));
      const bool is_real = slot < kSlots;
      const uint64_t past = is_real ? test_.table.generation(slot) - 1 - random_() % 3 : random_();
      const uint64_t word = random_() % 4 == 0 ? random_() << 32 : make_pin(slot, past);
      test_.readers.pins.push_back({word, 99});
    }
  }

  std::mt19937_64 random_;
  TestStore test_;
  Objects objects_;
};

TEST(ObjectStoreRandom, agrees_with_a_model_after_each_step) {
  const uint64_t seed = test_seed();
  for (uint64_t walk = 0; walk < 30; walk++) {
    SCOPED_TRACE("walk " + std::to_string(walk));
    RandomWalk random_walk(seed + walk);
    for (int step = 0; step < 1500; step++) {
      random_walk.step();
      random_walk.check();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace obj
