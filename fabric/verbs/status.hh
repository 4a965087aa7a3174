// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/status.hh -- what libibverbs answers, as an Error. The one place that translates.
#pragma once

#include <infiniband/verbs.h>

#include "base/error.hh"
#include "base/result.hh"

namespace obj::verbs {

// `system_errno`: as the call returned it or left it in errno. `where`: a literal, e.g.
// "ibv_reg_mr".
Error verbs_error(int system_errno, const char* where);

// How a work ended. kInvalid: the owner's device refused this address or key. kDisconnected: the
// partner does not answer, or the queue broke under it.
Result<void> completion_result(ibv_wc_status status);

}  // namespace obj::verbs
