// SPDX-License-Identifier: Apache-2.0
// fabric/read_transport.hh -- seam: post a read of another node's objects, learn its completion.
//
// One implementation for each data plane: fabric/ucx, where the owner's process answers, and verbs,
// where only its card does. What is read, when, and whether the bytes can be believed is decided
// above (fabric/pull/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/object_id.hh"
#include "base/result.hh"
#include "fabric/pull/pull.hh"
#include "fabric/pull/source.hh"

namespace obj {

// The poster's name for one read or check in flight. 64 bits, so that it fits wr_id and user_data.
using ReadCookie = uint64_t;

// One holder's copy, as the directory told it: a claim.
struct RemoteCopy {
  SourceNode node;
  ObjectId id;
  uint32_t slot = 0;
  uint64_t generation = 0;
  uint64_t offset = 0;  // of the extent, in the holder's arena
};

struct ReadOrder {
  ReadCookie cookie = 0;
  RemoteCopy copy;
  uint64_t object_offset = 0;  // of the first byte, from the start of the extent
  uint32_t size_bytes = 0;     // > 0
  std::byte* destination = nullptr;
};

struct CheckOrder {
  ReadCookie cookie = 0;
  RemoteCopy copy;
};

// Called from the transport's progress() and step(), on the reactor thread, never from inside a
// call of ReadTransport.
class ReadCompletions {
 public:
  virtual ~ReadCompletions() = default;

  // The destination is the poster's again. kStale: the owner says that this copy is not there (any
  // more), or not as long. kDisconnected: no connection, or it broke. kCancelled: hurried.
  virtual void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) = 0;
  virtual void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) = 0;
};

// Threads: the reactor thread.
// Memory:  from post_read() to on_read_done() the destination belongs to the transport, whatever
//          happens meanwhile; it must not be freed, reused or looked at.
class ReadTransport {
 public:
  virtual ~ReadTransport() = default;

  // Where a node can be reached. Dials in the background, and again after a failure when something
  // is posted. Known already at this address: no effect.
  virtual void connect(SourceNode node, const std::string& address) = 0;
  // Nothing will be posted to it any more; what is in flight completes.
  virtual void forget(SourceNode node) = 0;

  // Each gets exactly one completion, later. While the connection is being made they wait; to a
  // node that connect() was not called for they complete with kDisconnected.
  virtual void post_read(const ReadOrder& order) = 0;
  virtual void post_check(const CheckOrder& order) = 0;

  // The completion of this read or check must come soon, in error if need be: at the cost of the
  // connection if there is no other way. Completed already: no effect.
  virtual void hurry(ReadCookie cookie) = 0;
};

}  // namespace obj
