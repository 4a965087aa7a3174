// SPDX-License-Identifier: Apache-2.0
// fabric/pull/deficit_ring.hh -- members that take turns, by bytes and not by number of reads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.hh"

namespace obj {

// A place in one ring; base class of what takes turns. The ring does not own it.
struct RingMember {
  RingMember* next = nullptr;  // null: not in a ring
  RingMember* previous = nullptr;
  int64_t deficit_bytes = 0;  // what it may still send in this turn; negative: what it owes

  RingMember() = default;
  RingMember(const RingMember&) = delete;
  RingMember& operator=(const RingMember&) = delete;
  ~RingMember() { OBJ_CHECK(next == nullptr); }

  bool in_ring() const { return next != nullptr; }
};

// Deficit round robin in its "surplus" form: a member sends while its deficit is positive, may go
// below zero with its last read, and pays for that in its next turn. So no size need be known in
// advance, and over time members get equal bytes to within one read. All steps are O(1).
class DeficitRing {
 public:
  bool empty() const { return front_ == nullptr; }

  // At the end of the line. REQUIRES: not in a ring.
  void add(RingMember& member) {
    OBJ_CHECK(!member.in_ring());
    if (front_ == nullptr) {
      front_ = member.next = member.previous = &member;
      return;
    }
    member.next = front_;
    member.previous = front_->previous;
    front_->previous->next = &member;
    front_->previous = &member;
  }

  // Leaves without its credit but keeps its debt, so that leaving and coming back gains nothing.
  // REQUIRES: in this ring.
  void remove(RingMember& member) {
    OBJ_CHECK(member.in_ring());
    if (front_ == &member) front_ = member.next == &member ? nullptr : member.next;
    member.previous->next = member.next;
    member.next->previous = member.previous;
    member.next = member.previous = nullptr;
    member.deficit_bytes = std::min<int64_t>(member.deficit_bytes, 0);
  }

  // Whose turn it is. REQUIRES: not empty; quantum_bytes > 0.
  RingMember& turn(uint32_t quantum_bytes) {
    OBJ_CHECK(front_ != nullptr && quantum_bytes > 0);
    while (front_->deficit_bytes <= 0) {
      front_->deficit_bytes += quantum_bytes;
      if (front_->deficit_bytes <= 0) front_ = front_->next;
    }
    return *front_;
  }

  // The member whose turn it is has sent. REQUIRES: it is the one that turn() returned last.
  void charge(RingMember& member, uint32_t size_bytes) {
    OBJ_CHECK(front_ == &member);
    member.deficit_bytes -= size_bytes;
    if (member.deficit_bytes <= 0) front_ = member.next;
  }

 private:
  RingMember* front_ = nullptr;
};

}  // namespace obj
