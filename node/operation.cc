// SPDX-License-Identifier: Apache-2.0
#include "node/operation.hh"

#include <algorithm>
#include <cstring>

#include "store/shared/slot.hh"

namespace obj {
namespace {

using session::Layout;
using session::Request;
using session::RequestOp;

std::unexpected<Error> invalid(const char* field) {
  return std::unexpected(Error{ErrorCode::kInvalid, 0, field});
}

ObjectId id_of(const Request& request) {
  ObjectId id;
  std::memcpy(id.bytes.data(), request.id, sizeof request.id);
  return id;
}

ObjectRef ref_of(const Request& request) {
  return {request.object.slot, request.object.generation};
}

Result<Operation> decode_put_inline(const Request& request, const Layout& layout) {
  const auto& put = request.create;
  if (put.staging_block >= layout.staging_blocks) return invalid("staging_block");
  if (put.data_bytes > session::kStagingBlockBytes) return invalid("data_bytes");
  const uint64_t metadata_start = metadata_offset(put.data_bytes);
  if (put.metadata_bytes > session::kStagingBlockBytes - metadata_start) {
    return invalid("metadata_bytes");
  }
  return op::PutInline{id_of(request), static_cast<uint32_t>(put.data_bytes), put.metadata_bytes,
                       put.staging_block};
}

// Empty if it is not 1..kOwnerBytesMax bytes and a NUL.
std::string owner_of(const Request& request) {
  const char* const end = std::find(std::begin(request.owner), std::end(request.owner), '\0');
  if (end == std::end(request.owner)) return {};
  return {std::begin(request.owner), end};
}

}  // namespace

Result<Operation> decode(const Request& request, const Layout& layout) {
  const bool may_have_more = request.op == RequestOp::kGet || request.op == RequestOp::kPrefetch;
  const bool more = may_have_more && request.flags == session::kMore;
  if (request.flags != 0 && !more) return invalid("flags");
  if (request.tag >= layout.requests_max) return invalid("tag");
  const ObjectId id = id_of(request);
  // Not a switch over known enumerators alone: the value comes from the client.
  switch (request.op) {
    case RequestOp::kCreate:
      return op::Create{id, request.create.data_bytes, request.create.metadata_bytes,
                        request.create.timeout_ms};
    case RequestOp::kPutInline: return decode_put_inline(request, layout);
    case RequestOp::kSeal: return op::Seal{ref_of(request)};
    case RequestOp::kAbort: return op::Abort{ref_of(request)};
    case RequestOp::kGet:
      if (request.get.pin_cell >= layout.pins_max) return invalid("pin_cell");
      return op::Get{id, request.get.timeout_ms, request.get.pin_cell, more};
    case RequestOp::kWait: return op::Wait{id, request.get.timeout_ms};
    case RequestOp::kDelete: return op::Delete{id};
    case RequestOp::kPin:
    case RequestOp::kUnpin: {
      std::string owner = owner_of(request);
      if (owner.empty()) return invalid("owner");
      if (request.op == RequestOp::kPin) return op::Pin{id, std::move(owner)};
      return op::Unpin{id, std::move(owner)};
    }
    case RequestOp::kStat: return op::Stat{id};
    case RequestOp::kCancel:
      if (request.cancel.target_tag >= layout.requests_max) return invalid("target_tag");
      return op::Cancel{request.cancel.target_tag};
    case RequestOp::kPrefetch: return op::Prefetch{id, request.get.timeout_ms, more};
    case RequestOp::kPush:
      if (request.push.node == 0) return invalid("node");
      return op::Push{id, request.push.node};
    case RequestOp::kSpill: return op::Spill{id};
    case RequestOp::kRestore: return op::Restore{id, request.get.timeout_ms};
  }
  return invalid("op");
}

}  // namespace obj
