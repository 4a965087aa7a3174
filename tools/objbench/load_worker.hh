// SPDX-License-Identifier: Apache-2.0
// tools/objbench/load_worker.hh -- one thread of a load.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tools/objbench/client.hh"
#include "tools/objbench/load.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// Works in sweeps over its order. What a sweep needs or leaves (objects to delete, objects that
// were put) is put and deleted between sweeps, untimed, so that memory stays bounded and only the
// operation that was asked for is measured.
//
// With one operation in flight the blocking calls are used, else the asynchronous ones; a latency
// then runs from the start of an operation until it is collected, oldest first.
//
// Lifetime: everything passed in must outlive it.
// Threads:  one.
class LoadWorker {
 public:
  struct Objects {
    std::span<const obj_id> stored;  // there already, shared with other workers: for gets
    std::span<const obj_id> own;     // this worker's alone: for puts and deletes
    std::span<const std::byte> data;
    std::span<const std::byte> metadata;
    std::span<const uint32_t> order;  // of gets: into `stored`
  };

  LoadWorker(const Client& client, const LoadSpec& spec, const Objects& objects);

  // Until meeting.stopped or the time of the spec is over. After a failure some of `own` may be
  // left.
  Outcome<void> run(const LoadMeeting& meeting);

  const LoadTally& tally() const { return tally_; }

 private:
  // An operation in flight. With the blocking calls it is over as soon as it has begun.
  struct Place {
    obj_request* request = nullptr;
    obj_view view{};
    uint64_t started_ns = 0;
    TimedOp op = kTimedGet;
    bool busy = false;
  };

  Outcome<void> sweep(const LoadMeeting& meeting);
  bool is_over(const LoadMeeting& meeting, uint64_t now_ns) const;
  TimedOp next_op();
  Outcome<void> begin(Place& place, TimedOp op);
  int begin_get(Place& place);
  int begin_put(Place& place);
  int begin_delete(Place& place);
  Outcome<void> collect(Place& place);
  Outcome<void> put_own();
  Outcome<void> delete_own();

  // Fixed after construction.
  const Client& client_;
  const LoadSpec& spec_;
  Objects objects_;
  bool is_blocking_;

  std::vector<Place> places_;
  size_t next_stored_ = 0;  // into objects_.order
  size_t next_own_ = 0;
  uint64_t operation_ = 0;  // begun so far; of ten operations of a mixed load the last is a put
  uint64_t deadline_ns_ = 0;
  uint64_t timed_ns_ = 0;
  LoadTally tally_;
};

}  // namespace objbench
