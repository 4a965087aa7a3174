// SPDX-License-Identifier: Apache-2.0
#include "client/answers.hh"

#include <cinttypes>
#include <string>

#include "base/check.hh"

namespace obj::client {
namespace {

using session::Outcome;

Status status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk: return OBJ_OK;
    case Outcome::kNotFound: return OBJ_ENOTFOUND;
    case Outcome::kTimeout: return OBJ_ETIMEOUT;
    case Outcome::kOutOfMemory:
    case Outcome::kNoRoom: return OBJ_ENOMEM;
    case Outcome::kExists: return OBJ_EEXISTS;
    case Outcome::kTooLarge: return OBJ_ETOOLARGE;
    case Outcome::kNotOwner: return OBJ_ENOTOWNER;
    case Outcome::kReadOnly: return OBJ_EREADONLY;
    case Outcome::kCancelled: return OBJ_ECANCELLED;
    case Outcome::kLimit: return OBJ_ELIMIT;
    case Outcome::kUnavailable: return OBJ_EUNAVAILABLE;
    case Outcome::kDamaged: return OBJ_EDAMAGED;
  }
  check_failed(__FILE__, __LINE__, "an outcome that Operation let pass");
}

Status report_not_found(const Order& order, const char* id) {
  if (order.kind == Order::Kind::kSeal || order.kind == Order::Kind::kAbort) {
    return fail(OBJ_ENOTFOUND, "the object under construction was deleted meanwhile");
  }
  return fail(OBJ_ENOTFOUND, "object %s is on no node that this one knows", id);
}

Status report_no_memory(const Order& order, const char* id, const char* detail) {
  return fail(OBJ_ENOMEM,
              "no room in time for object %s of %" PRIu64
              " bytes: %s; release views, delete objects, or give objd a larger arena",
              id, extent_bytes(order.data_bytes, order.metadata_bytes).value_or(UINT64_MAX),
              detail != nullptr ? detail : "the arena is full of objects in use");
}

Status report_not_owner(const Order& order, const char* id) {
  if (order.kind == Order::Kind::kUnpin) {
    return fail(OBJ_ENOTOWNER, "object %s has no pin by owner \"%s\"", id, order.owner);
  }
  return fail(OBJ_ENOTOWNER, "only the client that created an object may seal or abort it");
}

}  // namespace

Status status_of(const Operation& operation) {
  OBJ_CHECK(operation.state() == Operation::State::kDone);
  return operation.is_disconnected() ? OBJ_EDISCONNECTED : status_of(operation.outcome());
}

Status report(const Operation& operation) {
  const Status status = status_of(operation);
  if (status == OBJ_OK) return status;
  const Order& order = operation.order();
  const std::string hex = to_hex(order.id);
  const char* const id = hex.c_str();
  const char* const detail = operation.detail.get();
  switch (status) {
    case OBJ_EDISCONNECTED:
      return fail(status,
                  "objd went away before it answered: close this client and open a new one");
    case OBJ_ENOTFOUND: return report_not_found(order, id);
    case OBJ_ETIMEOUT:
      return fail(status, "object %s did not come within the time given: %s", id,
                  detail != nullptr ? detail : "it is known here, but not sealed yet");
    case OBJ_EUNAVAILABLE:
      return fail(status, "object %s: %s", id,
                  detail != nullptr ? detail : "other nodes are needed and cannot be reached");
    case OBJ_EDAMAGED:
      return fail(status, "object %s is lost: %s", id,
                  detail != nullptr ? detail : "its record in storage is damaged");
    case OBJ_ENOMEM: return report_no_memory(order, id, detail);
    case OBJ_EEXISTS:
      return fail(status,
                  "object %s exists, sealed or being created: objects are written once; delete it "
                  "first, or use another id",
                  id);
    case OBJ_ETOOLARGE:
      return fail(status, "object %s of %" PRIu64 " bytes can never fit: %s", id, order.data_bytes,
                  detail != nullptr ? detail : "the arena is smaller");
    case OBJ_ENOTOWNER: return report_not_owner(order, id);
    case OBJ_EREADONLY:
      return fail(status, "this client is read-only: open one without OBJ_READ_ONLY");
    case OBJ_ECANCELLED: return fail(status, "the operation on object %s was cancelled", id);
    default:
      return fail(status, "objd reached a limit: %s", detail != nullptr ? detail : "see its log");
  }
}

Status report_silence(const Order& order) {
  return fail(OBJ_ETIMEOUT,
              "objd does not answer (stopped or overloaded?); what was asked of object %s may "
              "still happen",
              to_hex(order.id).c_str());
}

}  // namespace obj::client
