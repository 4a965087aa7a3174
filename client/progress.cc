// SPDX-License-Identifier: Apache-2.0
#include "client/progress.hh"

#include <algorithm>

#include "base/check.hh"
#include "base/clock.hh"

namespace obj::client {
namespace {

// A thread that only ever tests never sleeps, so it looks for the daemon's death this often.
constexpr uint32_t kTestsPerDeathCheck = 256;
// If tags are free but the ring is full of cancels, no completion announces that it has room again.
constexpr uint64_t kRingFullNs = 1'000'000;

constexpr size_t kChangedReserve = 64;

std::unexpected<Status> disconnected() {
  return std::unexpected(fail(
      OBJ_EDISCONNECTED, "objd is gone: close this client and open a new one when objd is back"));
}

std::unexpected<Status> no_memory() {
  return std::unexpected(fail(OBJ_ENOMEM, "this process has no memory for another operation"));
}

}  // namespace

Progress::Progress(Exchange& exchange, LocalReader& reader, ArenaWriter& writer, Liveness& liveness,
                   DaemonLine line, Timing timing)
    : exchange_(exchange),
      reader_(reader),
      writer_(writer),
      liveness_(liveness),
      line_(line),
      timing_(timing),
      watch_(exchange, line, timing.spin_ns) {
  changed_.reserve(std::max<size_t>(kChangedReserve, exchange.requests_max()));
}

// ---- starting ----------------------------------------------------------------------------------

OrStatus<Progress::Admitted> Progress::admit(const Order& order, uint64_t deadline_ns) {
  Lock lock(mutex_);
  const auto tag = wait_for_tags(lock, 1, deadline_ns);
  if (!tag) return std::unexpected(tag.error());
  obj_request* const made = slab_.make(order);
  if (made == nullptr) return no_memory();
  Operation& operation = *made;
  const auto size_bytes = extent_bytes(order.data_bytes, order.metadata_bytes);
  const bool wants_staging =
      order.kind == Order::Kind::kPut && size_bytes && *size_bytes <= session::kStagingBlockBytes;
  exchange_.admit(operation, wants_staging);
  const bool is_staged = operation.staging_block() != Operation::kNone;
  return Admitted{made, is_staged ? exchange_.staging(operation) : std::span<std::byte>{}};
}

OrStatus<void> Progress::admit_all(std::span<const Order> orders, std::span<Operation*> operations,
                                   uint64_t deadline_ns) {
  OBJ_CHECK(operations.size() == orders.size());
  Lock lock(mutex_);
  const auto tags = wait_for_tags(lock, static_cast<uint32_t>(orders.size()), deadline_ns);
  if (!tags) return tags;
  for (size_t i = 0; i < orders.size(); i++) {
    operations[i] = slab_.make(orders[i]);
    if (operations[i] != nullptr) continue;
    for (size_t made = 0; made < i; made++) slab_.recycle(*operations[made]);
    return no_memory();
  }
  for (Operation* const operation : operations) exchange_.admit(*operation, false);
  return {};
}

OrStatus<void> Progress::wait_for_tags(Lock& lock, uint32_t count, uint64_t deadline_ns) {
  Waiter parked;
  parked.wants_tag = true;
  Tags tags;
  while ((tags = look_for_tags(count)) == Tags::kNone) {
    const uint64_t now_ns = monotonic_ns();
    if (now_ns >= deadline_ns) break;
    if (Operation* const idle = exchange_.find_unattended_grant(); idle != nullptr) {
      // Its tag comes back when its bytes are there. Its owner may be this very thread: so rather
      // than wait for the owner's next call, do its work.
      carry(lock, *idle);
      continue;
    }
    const bool is_ring_full = exchange_.free_tags() >= count;
    take_turn(lock, parked,
              is_ring_full ? std::min(now_ns + kRingFullNs, deadline_ns) : deadline_ns);
  }
  hand_over();
  switch (tags) {
    case Tags::kThere: return {};
    case Tags::kDisconnected: return disconnected();
    case Tags::kNone: break;
  }
  return std::unexpected(fail(OBJ_ELIMIT,
                              "%u operations are in flight: collect some, or raise requests_max in "
                              "obj_open_options",
                              exchange_.requests_max() - exchange_.free_tags()));
}

Progress::Tags Progress::look_for_tags(uint32_t count) {
  while (!is_dead_) {
    const auto can_admit = exchange_.can_admit(count);
    if (!can_admit) {
      die();
      break;
    }
    if (*can_admit) return Tags::kThere;
    exchange_.publish();  // what lies there unseen is never answered
    if (is_led_ || !exchange_.completions_waiting()) return Tags::kNone;
    absorb();
  }
  return Tags::kDisconnected;
}

OrStatus<obj_request*> Progress::admit_done(const Order& order) {
  const std::lock_guard lock(mutex_);
  obj_request* const operation = slab_.make(order);
  if (operation == nullptr) return no_memory();
  operation->finish_at_once();
  return operation;
}

void Progress::post(Operation& operation, Waiter* waiter, Send send) {
  const std::lock_guard lock(mutex_);
  if (operation.state() == Operation::State::kDone) return;  // the daemon died meanwhile
  if (waiter != nullptr) waiter->attach(operation);
  check(exchange_.push_first(operation, monotonic_ns()));
  if (send == Send::kNow && !is_dead_) exchange_.publish();
}

void Progress::publish() {
  const std::lock_guard lock(mutex_);
  if (!is_dead_) exchange_.publish();
}

// ---- waiting -----------------------------------------------------------------------------------

bool Progress::wait(Waiter& waiter, uint64_t deadline_ns) {
  Lock lock(mutex_);
  while (true) {
    if (copy_granted(lock, waiter) && deadline_ns != kForeverNs) {
      // The copy took as long as it took; the seal gets its own grace.
      deadline_ns = std::max(deadline_ns, monotonic_ns() + timing_.grace_ns);
    }
    if (waiter.is_satisfied()) break;
    if (deadline_ns != kForeverNs && monotonic_ns() >= deadline_ns) break;
    take_turn(lock, waiter, deadline_ns);
  }
  hand_over();
  return waiter.is_satisfied();
}

// Leads until the daemon was heard once, or follows until told to look again.
void Progress::take_turn(Lock& lock, Waiter& waiter, uint64_t deadline_ns) {
  if (is_led_) {
    followers_.sleep(lock, waiter, deadline_ns);
  } else {
    lead(lock, deadline_ns);
  }
}

void Progress::lead(Lock& lock, uint64_t deadline_ns) {
  is_led_ = true;
  lock.unlock();
  const DaemonLine::Heard heard = watch_.await(deadline_ns);
  lock.lock();
  is_led_ = false;
  absorb();  // what it wrote before it died counts
  if (heard == DaemonLine::Heard::kHangUp && !is_dead_) die();
}

// A thread that stops waiting calls this, so that those who still wait have a leader.
void Progress::hand_over() {
  if (!is_led_) followers_.wake_one();
}

// ---- what the daemon said ----------------------------------------------------------------------

// REQUIRES: no thread leads.
void Progress::absorb() {
  if (is_dead_ || !exchange_.completions_waiting()) return;
  changed_.clear();
  const auto drained = exchange_.drain(monotonic_ns(), changed_);
  account_for_changed();
  check(drained);
}

void Progress::account_for_changed() {
  bool is_tag_free = false;
  for (Operation* const operation : changed_) {
    is_tag_free |= operation->state() == Operation::State::kDone;
    account_for(*operation);
  }
  if (is_tag_free) followers_.wake_tag_seekers();
}

// The operation became Done or Granted.
void Progress::account_for(Operation& operation) {
  if (operation.is_abandoned()) return dispose(operation);
  Waiter* const waiter = operation.waiter;
  if (waiter == nullptr) return;
  if (operation.state() == Operation::State::kGranted) {
    waiter->add_granted(operation);
  } else {
    waiter->on_done(operation);
  }
  if (waiter->should_wake()) waiter->wake.notify_one();
}

// Nobody will ask for the result of an abandoned operation.
void Progress::dispose(Operation& operation) {
  // If the daemon is gone nobody stores into the cell any more; if it talked nonsense the cell may
  // hold anything, but then no view is ever given again.
  if (operation.order().kind == Order::Kind::kGet) reader_.put_back(operation.order().pin_cell);
  slab_.recycle(operation);
}

bool Progress::copy_granted(Lock& lock, Waiter& waiter) {
  bool has_copied = false;
  while (Operation* const operation = waiter.take_granted()) {
    if (operation->state() != Operation::State::kGranted) continue;  // the daemon died meanwhile
    carry(lock, *operation);
    has_copied = true;
  }
  return has_copied;
}

// Brings a granted put's bytes into the arena, without the lock, and has it sealed.
void Progress::carry(Lock& lock, Operation& operation) {
  operation.begin_copy();
  if (!operation.is_unwanted()) {
    const Order& order = operation.order();
    lock.unlock();
    writer_.write(operation.place_offset(), order.data, order.data_bytes, order.metadata,
                  order.metadata_bytes);
    lock.lock();
  }
  if (is_dead_) {
    operation.disconnect();
    account_for(operation);
    return;
  }
  operation.copied();
  check(exchange_.push_next(operation, monotonic_ns()));
  if (!is_dead_) exchange_.publish();
}

void Progress::check(const Result<void>& result) {
  if (!result && !is_dead_) die();
}

void Progress::die() {
  is_dead_ = true;
  liveness_.end();
  line_.hang_up();
  changed_.clear();
  exchange_.disconnect(changed_);
  account_for_changed();
  followers_.wake_all();
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  if (!is_dead_) die();
}

// ---- asynchronous operations -------------------------------------------------------------------

Progress::Standing Progress::test(Operation& operation) {
  Lock lock(mutex_);
  if (operation.state() == Operation::State::kIdle) return Standing::kStale;
  if (!is_led_) absorb();
  if (operation.state() == Operation::State::kGranted) {
    carry(lock, operation);
    if (!is_led_) absorb();
  }
  const bool is_done = operation.state() == Operation::State::kDone;
  if (!is_done && ++fruitless_tests_ % kTestsPerDeathCheck == 0 && line_.is_hung_up()) {
    if (!is_led_) absorb();
    if (!is_dead_) die();
  }
  return operation.state() == Operation::State::kDone ? Standing::kDone : Standing::kPending;
}

Progress::Standing Progress::wait_all(std::span<obj_request* const> operations,
                                      uint64_t deadline_ns) {
  Waiter waiter;
  {
    const std::lock_guard lock(mutex_);
    const auto is_stale = [](const Operation* operation) {
      return operation != nullptr && operation->state() == Operation::State::kIdle;
    };
    if (std::ranges::any_of(operations, is_stale)) return Standing::kStale;
    for (Operation* const operation : operations) {
      if (operation == nullptr || operation->state() == Operation::State::kDone) continue;
      if (operation->waiter != &waiter) waiter.attach(*operation);
    }
  }
  if (wait(waiter, deadline_ns)) return Standing::kDone;
  const std::lock_guard lock(mutex_);
  if (waiter.is_satisfied()) return Standing::kDone;  // the last one ended just now
  for (Operation* const operation : operations) {
    if (operation != nullptr && operation->waiter == &waiter) waiter.detach(*operation);
  }
  return Standing::kPending;
}

bool Progress::is_done(const Operation& operation) {
  const std::lock_guard lock(mutex_);
  return operation.state() == Operation::State::kDone;
}

void Progress::cancel(Operation& operation) {
  const std::lock_guard lock(mutex_);
  if (operation.state() == Operation::State::kIdle || !operation.cancel() || is_dead_) return;
  check(exchange_.push_cancel(operation));
  if (!is_dead_) exchange_.publish();
}

// ---- ending ------------------------------------------------------------------------------------

void Progress::recycle(Operation& operation) {
  const std::lock_guard lock(mutex_);
  slab_.recycle(operation);
}

bool Progress::abandon(Operation& operation) {
  const std::lock_guard lock(mutex_);
  if (operation.state() == Operation::State::kDone) return false;
  if (operation.waiter != nullptr) operation.waiter->detach(operation);
  const bool must_cancel = operation.abandon();
  if (operation.state() == Operation::State::kGranted) {
    operation.copied();  // becomes an Abort
    check(exchange_.push_next(operation, monotonic_ns()));
  } else if (must_cancel) {
    check(exchange_.push_cancel(operation));
  }
  if (!is_dead_) exchange_.publish();
  return true;
}

}  // namespace obj::client
