// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/status.hh"

#include <cerrno>

namespace obj::verbs {

Error verbs_error(int system_errno, const char* where) {
  switch (system_errno) {
    // What ibv_reg_mr() says when the limit of locked memory is reached.
    case ENOMEM: return {ErrorCode::kOutOfMemory, system_errno, where};
    case ENODEV:
    case EIO: return {ErrorCode::kDisconnected, system_errno, where};
    default: return {ErrorCode::kSystem, system_errno, where};
  }
}

Result<void> completion_result(ibv_wc_status status) {
  const auto broken = [](const char* where) {
    return std::unexpected(Error{ErrorCode::kDisconnected, 0, where});
  };
  switch (status) {
    case IBV_WC_SUCCESS: return {};
    case IBV_WC_REM_ACCESS_ERR:
    case IBV_WC_REM_INV_REQ_ERR:
    case IBV_WC_REM_OP_ERR:
      return std::unexpected(Error{ErrorCode::kInvalid, 0,
                                   "verbs: the owner's device refuses to have this memory read"});
    case IBV_WC_RETRY_EXC_ERR: return broken("verbs: the owner's device does not answer");
    case IBV_WC_WR_FLUSH_ERR: return broken("verbs: the queue pair broke off");
    case IBV_WC_LOC_PROT_ERR:
      return std::unexpected(
          Error{ErrorCode::kSystem, 0, "verbs: our device may not write the destination"});
    default:
      // The rest are faults of the device or the fabric; the names are those of ibv_wc_status.
      return broken(ibv_wc_status_str(status));
  }
}

}  // namespace obj::verbs
