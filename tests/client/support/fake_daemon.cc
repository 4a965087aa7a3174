// SPDX-License-Identifier: Apache-2.0
#include "tests/client/support/fake_daemon.hh"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/clock.hh"

namespace obj::test {

using session::Completion;
using session::Outcome;
using session::Request;
using session::RequestOp;

namespace {

ObjectId id_of(const Request& request) {
  ObjectId id;
  std::memcpy(id.bytes.data(), request.id, sizeof request.id);
  return id;
}

Completion completion_of(const Request& request, Outcome outcome) {
  Completion completion{};
  completion.tag = request.tag;
  completion.outcome = outcome;
  return completion;
}

void ring(int bell) {
  const uint64_t one = 1;
  EXPECT_EQ(::write(bell, &one, sizeof one), ssize_t{sizeof one});
}

}  // namespace

FakeDaemon::FakeDaemon(const FakeSizes& sizes)
    : sizes_(sizes),
      table_(sizes),
      arena_(sizes.arena_bytes),
      segment_(sizes),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { serve(); }) {}

FakeDaemon::~FakeDaemon() {
  if (freezer_.owns_lock()) thaw();
  ring(stop_.get());
  thread_.join();
}

void FakeDaemon::freeze() { freezer_.lock(); }

void FakeDaemon::thaw() {
  freezer_.unlock();
  ring(segment_.bell_to_daemon.get());
}

void FakeDaemon::die() {
  const std::lock_guard lock(mutex_);
  session_ = UniqueFd(-1);
}

uint32_t FakeDaemon::seen(RequestOp op) const { return seen_[static_cast<size_t>(op)].load(); }

// ---- the loop ----------------------------------------------------------------------------------

void FakeDaemon::serve() {
  pollfd fds[] = {{listener_.fd(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  ::poll(fds, 2, -1);
  if ((fds[1].revents & POLLIN) != 0) return;
  {
    const std::lock_guard lock(mutex_);
    session_ = listener_.accept();
    session::Hello hello{};
    EXPECT_EQ(::recv(session_.get(), &hello, sizeof hello, 0), ssize_t{sizeof hello});
    const auto welcome = make_welcome(sizes_, table_);
    send_packet(session_.get(), &welcome, sizeof welcome, welcome_fds(table_, arena_, segment_));
  }
  pollfd stop{stop_.get(), POLLIN, 0};
  while (::poll(&stop, 1, 0) == 0) {
    serve_once();
    sleep();
  }
}

void FakeDaemon::serve_once() {
  const std::lock_guard lock(mutex_);
  if (session_.get() < 0) return;
  while (take_requests() > 0) {
  }
  expire_waiting();
}

void FakeDaemon::sleep() {
  table_.header().daemon_sleeps.store(1, std::memory_order_seq_cst);
  serve_once();
  pollfd fds[] = {{segment_.bell_to_daemon.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  ::poll(fds, 2, 1);  // deadlines of those that wait are looked at every millisecond
  uint64_t count = 0;
  if (::read(segment_.bell_to_daemon.get(), &count, sizeof count) > 0) rings_++;
  table_.header().daemon_sleeps.store(0, std::memory_order_relaxed);
}

uint32_t FakeDaemon::take_requests() {
  const uint32_t count = segment_.requests.available().value();
  for (uint32_t i = 0; i < count; i++) {
    const Request request = segment_.requests.take();
    segment_.requests.publish();
    seen_[static_cast<size_t>(request.op)]++;
    handle(request);
  }
  return count;
}

void FakeDaemon::handle(const Request& request) {
  if (request.op == RequestOp::kCancel) return cancel(request.cancel.target_tag);
  EXPECT_LT(request.tag, sizes_.requests_max);
  most_in_flight_ = std::max(most_in_flight_.load(), ++in_flight_);
  std::optional<Completion> reply;
  if (answer) reply = answer(request);
  if (!reply) reply = own_answer(request);
  if (reply) complete(*reply);
}

void FakeDaemon::complete(const Completion& completion) {
  in_flight_--;
  EXPECT_GT(segment_.completions.room().value_or(0), 0u);
  segment_.completions.push(completion);
  segment_.completions.publish();
  if (segment_.header().client_sleeps.load(std::memory_order_seq_cst) != 0) {
    ring(segment_.bell_to_client.get());
  }
}

void FakeDaemon::expire_waiting() {
  const uint64_t now_ns = monotonic_ns();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->deadline_ns > now_ns) {
      ++it;
      continue;
    }
    const Request request = it->request;
    it = waiting_.erase(it);
    const bool is_known = objects_.contains(id_of(request));
    const bool is_create = request.op == RequestOp::kCreate;
    complete(is_create ? out_of_memory(request)
                       : completion_of(request, is_known ? Outcome::kTimeout : Outcome::kNotFound));
  }
}

void FakeDaemon::wake_waiting(const ObjectId& id) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->request.op == RequestOp::kCreate || id_of(it->request) != id) {
      ++it;
      continue;
    }
    const Request request = it->request;
    it = waiting_.erase(it);
    complete(found(request, objects_.at(id)));
  }
}

void FakeDaemon::cancel(uint32_t tag) {
  const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                               [&](const Waiting& waiting) { return waiting.request.tag == tag; });
  if (it == waiting_.end()) return;
  const Request request = it->request;
  waiting_.erase(it);
  complete(completion_of(request, Outcome::kCancelled));
}

// ---- answers -----------------------------------------------------------------------------------

std::optional<Completion> FakeDaemon::own_answer(const Request& request) {
  switch (request.op) {
    case RequestOp::kCreate: {
      const Completion reply = create(request);
      if (reply.outcome != Outcome::kOutOfMemory || request.create.timeout_ms == 0) return reply;
      waiting_.push_back({request, deadline_after_ms(monotonic_ns(), request.create.timeout_ms)});
      return std::nullopt;
    }
    case RequestOp::kPutInline: return put_inline(request);
    case RequestOp::kSeal:
    case RequestOp::kAbort: return seal_or_abort(request);
    case RequestOp::kGet:
    case RequestOp::kWait: return get_or_wait(request);
    case RequestOp::kDelete: remove(id_of(request)); return completion_of(request, Outcome::kOk);
    case RequestOp::kPin:
    case RequestOp::kUnpin: return pin_or_unpin(request);
    case RequestOp::kStat: return stat(request);
    case RequestOp::kPrefetch:
    case RequestOp::kSpill:
    case RequestOp::kRestore:
    case RequestOp::kPush: return completion_of(request, Outcome::kOk);
    case RequestOp::kCancel: break;
  }
  ADD_FAILURE() << "unknown request";
  return std::nullopt;
}

std::optional<FakeDaemon::Object> FakeDaemon::allocate(const ObjectId& id, uint64_t data_bytes,
                                                       uint32_t metadata_bytes) {
  const uint64_t size_bytes = metadata_offset(data_bytes) + metadata_bytes;
  const uint64_t offset = (next_offset_ + 4095) & ~uint64_t{4095};
  if (size_bytes > sizes_.arena_bytes - offset) return std::nullopt;
  next_offset_ = offset + size_bytes;
  const Object object{next_slot_++, 1, offset, data_bytes, metadata_bytes, false, {}};
  objects_[id] = object;
  table_.publish(object.slot, id, object.generation, SlotState::kCreating, offset, data_bytes,
                 metadata_bytes);
  return object;
}

Completion FakeDaemon::out_of_memory(const Request& request) {
  Completion reply = completion_of(request, Outcome::kOutOfMemory);
  reply.detail = ++details_written_;
  auto& slot = segment_.detail(reply.detail);
  slot.number.store(0);
  std::strcpy(slot.text, "all of it is held by the tests");
  slot.number.store(reply.detail, std::memory_order_release);
  return reply;
}

Completion FakeDaemon::create(const Request& request) {
  const ObjectId id = id_of(request);
  if (objects_.contains(id)) return completion_of(request, Outcome::kExists);
  const auto object = allocate(id, request.create.data_bytes, request.create.metadata_bytes);
  return object ? found(request, *object) : out_of_memory(request);
}

Completion FakeDaemon::put_inline(const Request& request) {
  if (no_room) return completion_of(request, Outcome::kNoRoom);
  const Completion created = create(request);
  if (created.outcome == Outcome::kOutOfMemory) return completion_of(request, Outcome::kNoRoom);
  if (created.outcome != Outcome::kOk) return created;
  Object& object = objects_.at(id_of(request));
  std::memcpy(arena_.at<std::byte>(object.offset), segment_.staging(request.create.staging_block),
              metadata_offset(object.data_bytes) + object.metadata_bytes);
  object.sealed = true;
  table_.set_state(object.slot, object.generation, SlotState::kSealed);
  wake_waiting(id_of(request));
  return created;
}

Completion FakeDaemon::seal_or_abort(const Request& request) {
  const auto it = std::find_if(objects_.begin(), objects_.end(), [&](const auto& entry) {
    return entry.second.slot == request.object.slot &&
           entry.second.generation == request.object.generation;
  });
  if (it == objects_.end()) return completion_of(request, Outcome::kNotFound);
  if (request.op == RequestOp::kAbort) {
    remove(ObjectId(it->first));
    return completion_of(request, Outcome::kOk);
  }
  it->second.sealed = true;
  table_.set_state(it->second.slot, it->second.generation, SlotState::kSealed);
  wake_waiting(it->first);
  return found(request, it->second);
}

std::optional<Completion> FakeDaemon::get_or_wait(const Request& request) {
  const auto it = objects_.find(id_of(request));
  if (it != objects_.end() && it->second.sealed) return found(request, it->second);
  waiting_.push_back({request, deadline_after_ms(monotonic_ns(), request.get.timeout_ms)});
  if (request.get.timeout_ms == 0) expire_waiting();
  return std::nullopt;
}

Completion FakeDaemon::found(const Request& request, const Object& object) {
  if (request.op == RequestOp::kGet) {
    EXPECT_EQ(segment_.pin_cell(request.get.pin_cell).load(), 0u);
    EXPECT_LT(request.get.pin_cell, segment_.header().pin_cells_used.load());
    segment_.pin_cell(request.get.pin_cell).store(make_pin(object.slot, object.generation));
  }
  Completion reply = completion_of(request, Outcome::kOk);
  reply.slot = object.slot;
  reply.generation = object.generation;
  reply.offset = object.offset;
  reply.data_bytes = object.data_bytes;
  reply.metadata_bytes = object.metadata_bytes;
  return reply;
}

Completion FakeDaemon::pin_or_unpin(const Request& request) {
  const auto it = objects_.find(id_of(request));
  if (it == objects_.end()) return completion_of(request, Outcome::kNotFound);
  const std::string owner(request.owner);
  if (request.op == RequestOp::kPin) {
    it->second.owners.insert(owner);
    return completion_of(request, Outcome::kOk);
  }
  const bool was_there = it->second.owners.erase(owner) > 0;
  return completion_of(request, was_there ? Outcome::kOk : Outcome::kNotOwner);
}

Completion FakeDaemon::stat(const Request& request) {
  const auto it = objects_.find(id_of(request));
  if (it == objects_.end()) return completion_of(request, Outcome::kNotFound);
  Completion reply = found(request, it->second);
  const auto state = it->second.sealed ? SlotState::kSealed : SlotState::kCreating;
  reply.state = static_cast<uint16_t>(state);
  reply.owner_pins = static_cast<uint32_t>(it->second.owners.size());
  reply.views = segment_.pins_held();
  reply.creator_pid = it->second.sealed ? 0 : ::getpid();
  return reply;
}

void FakeDaemon::remove(const ObjectId& id) {
  const auto it = objects_.find(id);
  if (it == objects_.end()) return;
  table_.unlink(it->second.slot);
  table_.set_state(it->second.slot, it->second.generation + 1, SlotState::kFree);
  objects_.erase(it);
}

uint32_t FakeDaemon::add_object(const ObjectId& id, const std::string& data,
                                const std::string& metadata) {
  const std::lock_guard lock(mutex_);
  auto object = allocate(id, data.size(), static_cast<uint32_t>(metadata.size()));
  EXPECT_TRUE(object.has_value());
  std::memcpy(arena_.at<std::byte>(object->offset), data.data(), data.size());
  std::memcpy(arena_.at<std::byte>(object->offset + metadata_offset(data.size())), metadata.data(),
              metadata.size());
  objects_.at(id).sealed = true;
  table_.set_state(object->slot, object->generation, SlotState::kSealed);
  wake_waiting(id);
  return object->slot;
}

}  // namespace obj::test
