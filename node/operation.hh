// SPDX-License-Identifier: Apache-2.0
// node/operation.hh -- a client's request, checked: what the daemon acts on.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/object_id.hh"
#include "base/result.hh"
#include "client/session/layout.hh"
#include "store/object_ref.hh"

namespace obj {

namespace op {

struct Create {
  ObjectId id;
  uint64_t data_bytes;
  uint32_t metadata_bytes;
  int32_t timeout_ms;
};
struct PutInline {
  ObjectId id;
  uint32_t data_bytes;  // with the metadata at most one staging block
  uint32_t metadata_bytes;
  uint32_t staging_block;
};
struct Seal {
  ObjectRef ref;
};
struct Abort {
  ObjectRef ref;
};
struct Get {
  ObjectId id;
  int32_t timeout_ms;
  uint32_t pin_cell;
  bool more = false;  // the next request is of the same multi-get
};
struct Wait {
  ObjectId id;
  int32_t timeout_ms;
};
struct Delete {
  ObjectId id;
};
struct Pin {
  ObjectId id;
  std::string owner;
};
struct Unpin {
  ObjectId id;
  std::string owner;
};
struct Stat {
  ObjectId id;
};
struct Cancel {
  uint32_t target_tag;
};
struct Prefetch {
  ObjectId id;
  int32_t timeout_ms;
  bool more = false;  // the next request is of the same call
};
struct Push {
  ObjectId id;
  uint32_t node;
};
struct Spill {
  ObjectId id;
};
struct Restore {
  ObjectId id;
  int32_t timeout_ms;
};

}  // namespace op

using Operation = std::variant<op::Create, op::PutInline, op::Seal, op::Abort, op::Get, op::Wait,
                               op::Delete, op::Pin, op::Unpin, op::Stat, op::Cancel, op::Prefetch,
                               op::Push, op::Spill, op::Restore>;

// Checks a request against the session's layout. `request` is a private copy: the client can change
// the original at any time. kInvalid, `where` naming the field, is a breach of the protocol.
Result<Operation> decode(const session::Request& request, const session::Layout& layout);

}  // namespace obj
