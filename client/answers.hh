// SPDX-License-Identifier: Apache-2.0
// client/answers.hh -- how an operation that is Done reads to the user: status and sentence.
#pragma once

#include <obj/obj.h>

#include "client/last_error.hh"
#include "client/operation.hh"

namespace obj::client {

// REQUIRES: Done.
Status status_of(const Operation& operation);

// The same, and records the sentence for obj_last_error() if it failed.
[[nodiscard]] Status report(const Operation& operation);

// For a call that gave up on a daemon that does not answer.
[[nodiscard]] Status report_silence(const Order& order);

}  // namespace obj::client
