// SPDX-License-Identifier: Apache-2.0
// client/operation.hh -- one operation between this client and the daemon. Pure: no I/O, no clock,
// no shared memory.
//
//            start            kOk
//   Idle -----------> Posted -----------------------------------------> Done
//                     ^ |  ^                                             ^
//        kNoRoom:     | |  |  a put: bytes in place -> Seal              |
//        then Create  +-+  +--------------- Copying <--- Granted <--+    |
//                       |                                           |    |
//                       +--- a put's Create was answered: kOk ------+    |
//                       +--- any other answer, or the daemon is gone ----+
//
// A create that is granted after its caller gave up, and a put that is granted after obj_cancel(),
// are answered with Abort: nothing is left behind.
#pragma once

#include <cstdint>
#include <memory>

#include "base/object_id.hh"
#include "client/extent_bounds.hh"
#include "client/session/layout.hh"

namespace obj::client {

class Waiter;

// What a caller wants. Fields that its kind does not use stay as they are here.
struct Order {
  enum class Kind : uint8_t {
    kPut,
    kCreate,
    kSeal,
    kAbort,
    kGet,
    kWait,
    kDelete,
    kPin,
    kUnpin,
    kStat,
    kPrefetch,
    kPush,
    kSpill,
    kRestore,
  };

  Kind kind;
  ObjectId id{};
  uint64_t deadline_ns =
      0;  // kPut, kCreate, kGet, kWait, kPrefetch, kRestore: until when it is wanted
  uint64_t data_bytes = 0;  // kPut, kCreate
  uint32_t metadata_bytes = 0;
  const void* data = nullptr;  // kPut: the user's, borrowed until the operation is done
  const void* metadata = nullptr;
  uint32_t slot = 0;  // kSeal, kAbort
  uint64_t generation = 0;
  uint32_t pin_cell = 0;                         // kGet: held by the operation
  bool more = false;                             // kGet, kPrefetch: the call goes on after it
  uint32_t node = 0;                             // kPush: the target
  char owner[session::kOwnerBytesMax + 1] = {};  // kPin, kUnpin
  void* out = nullptr;  // kGet: obj_view, kCreate: obj_buffer; of an asynchronous call
};

class Operation {
 public:
  enum class State : uint8_t { kIdle, kPosted, kGranted, kCopying, kDone };

  // What the driver must do now.
  enum class Next : uint8_t {
    kPost,      // send request() under the same tag
    kCopy,      // bring the user's bytes to place_offset(), then copied()
    kFinish,    // it is Done
    kNonsense,  // no correct daemon answers so
  };

  static constexpr uint32_t kNone = UINT32_MAX;

  // A new life for a recycled operation. It is Idle.
  void reset(const Order& order);
  // Done -> Idle.
  void retire() { state_ = State::kIdle; }

  // Idle -> Posted. `staging_block`: where a put's bytes already are, or kNone.
  void start(uint32_t tag, uint32_t staging_block);
  // Idle -> Done, for what needed no message.
  void finish_at_once();

  // The request that is due. REQUIRES: Posted.
  session::Request request(uint64_t now_ns) const;
  // REQUIRES: Posted, and the completion has its tag.
  Next on_completion(const session::Completion& completion, const ExtentBounds& bounds);

  // Granted -> Copying. REQUIRES: Granted.
  void begin_copy();
  // Granted or Copying -> Posted: Seal, or Abort if nobody wants the object any more.
  void copied();

  // The daemon is gone: -> Done.
  void disconnect();
  // Asks for an early end. True if a kCancel request must be sent. REQUIRES: not Idle.
  [[nodiscard]] bool cancel();
  // Nobody waits for the result any more, and the user's memory is out of bounds. As cancel().
  [[nodiscard]] bool abandon();

  // How it ended. REQUIRES: Done.
  bool is_disconnected() const { return is_disconnected_; }
  session::Outcome outcome() const { return answer_.outcome; }
  bool succeeded() const { return !is_disconnected_ && answer_.outcome == session::Outcome::kOk; }
  const session::Completion& answer() const { return answer_; }

  State state() const { return state_; }
  const Order& order() const { return order_; }
  uint32_t tag() const { return tag_; }
  uint32_t staging_block() const { return staging_block_; }
  // The staging block, which the operation then has no more; kNone if it had none.
  uint32_t give_up_staging_block();
  bool is_abandoned() const { return is_abandoned_; }
  // Its bytes need not be copied any more: copied() will abort it.
  bool is_unwanted() const { return is_cancelled_ || is_abandoned_; }
  uint64_t place_offset() const { return answer_.offset; }
  session::RequestOp posted() const { return posted_; }

  // The driver's, for as long as the operation lives.
  Waiter* waiter = nullptr;           // who is told of its progress
  Operation* next_granted = nullptr;  // in the waiter's list of what it must copy
  std::unique_ptr<char[]> detail;     // the daemon's sentence on a failure, NUL-terminated

 private:
  Next on_granted(const session::Completion& completion, const ExtentBounds& bounds);
  Next finish(const session::Completion& completion);
  Next finish(session::Outcome outcome);
  Next post(session::RequestOp op);

  Order order_{Order::Kind::kDelete};
  State state_ = State::kIdle;
  session::RequestOp posted_ = session::RequestOp::kDelete;  // whose answer is due
  bool is_cancelled_ = false;
  bool is_abandoned_ = false;
  bool is_disconnected_ = false;
  uint32_t tag_ = kNone;
  uint32_t staging_block_ = kNone;
  session::Completion answer_{};  // the last one
};

}  // namespace obj::client

// The handle of obj.h is the operation.
struct obj_request final : obj::client::Operation {};
