// SPDX-License-Identifier: Apache-2.0
// tests/client/support/fake_daemon.hh -- a daemon of one session on a thread, for faults that a
// real one does not make.
//
// It keeps the protocol of docs/session_protocol.md and the states of the table, and evicts
// nothing. What it can do wrong: not answer (freeze), refuse small puts (no_room), answer anything
// at all (answer), die (die).
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/object_id.hh"
#include "tests/client/support/fake_memory.hh"
#include "tests/client/support/listener.hh"

namespace obj::test {

class FakeDaemon {
 public:
  explicit FakeDaemon(const FakeSizes& sizes = {});
  ~FakeDaemon();

  const std::string& path() const { return listener_.path(); }

  // All of these may be called from the test's thread.
  // Stops looking at requests until thaw(); the process lives, its socket stays open.
  void freeze();
  void thaw();
  // Closes the socket, as the kernel does for a dead process.
  void die();
  // Small puts are answered with kNoRoom.
  std::atomic<bool> no_room{false};
  // Sees each request first; what it returns is sent instead of the fake's own answer. Runs on the
  // daemon's thread. Set before the session begins.
  std::function<std::optional<session::Completion>(const session::Request&)> answer;

  // What it has seen. `op`: requests of that kind so far.
  uint32_t seen(session::RequestOp op) const;
  uint32_t most_in_flight() const { return most_in_flight_.load(); }
  uint32_t rings() const { return rings_.load(); }

  // For tests that arrange things themselves. Freeze first where the thread might be at it.
  FakeTable& table() { return table_; }
  FakeSegment& segment() { return segment_; }
  FakeFile& arena() { return arena_; }
  // A sealed object, made without a client.
  uint32_t add_object(const ObjectId& id, const std::string& data, const std::string& metadata);

 private:
  struct Object {
    uint32_t slot;
    uint64_t generation;
    uint64_t offset;
    uint64_t data_bytes;
    uint32_t metadata_bytes;
    bool sealed;
    std::set<std::string> owners;
  };
  struct Waiting {
    session::Request request;
    uint64_t deadline_ns;
  };

  void serve();
  void serve_once();
  uint32_t take_requests();
  void handle(const session::Request& request);
  void complete(const session::Completion& completion);
  void expire_waiting();
  void wake_waiting(const ObjectId& id);
  void sleep();

  std::optional<session::Completion> own_answer(const session::Request& request);
  session::Completion create(const session::Request& request);
  session::Completion put_inline(const session::Request& request);
  session::Completion seal_or_abort(const session::Request& request);
  std::optional<session::Completion> get_or_wait(const session::Request& request);
  session::Completion pin_or_unpin(const session::Request& request);
  session::Completion stat(const session::Request& request);
  session::Completion out_of_memory(const session::Request& request);
  void cancel(uint32_t tag);
  void remove(const ObjectId& id);
  session::Completion found(const session::Request& request, const Object& object);
  std::optional<Object> allocate(const ObjectId& id, uint64_t data_bytes, uint32_t metadata_bytes);

  const FakeSizes sizes_;
  Listener listener_;
  FakeTable table_;
  FakeFile arena_;
  FakeSegment segment_;
  UniqueFd stop_;

  std::mutex mutex_;  // held by the thread while it works, and by whoever froze it
  std::unique_lock<std::mutex> freezer_{mutex_, std::defer_lock};
  UniqueFd session_{-1};
  std::map<ObjectId, Object> objects_;
  std::list<Waiting> waiting_;
  uint32_t next_slot_ = 0;
  uint64_t next_offset_ = 0;
  uint32_t details_written_ = 0;
  uint32_t in_flight_ = 0;

  std::array<std::atomic<uint32_t>, 16> seen_{};
  std::atomic<uint32_t> most_in_flight_{0};
  std::atomic<uint32_t> rings_{0};
  std::thread thread_;
};

}  // namespace obj::test
