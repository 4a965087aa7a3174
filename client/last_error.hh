// SPDX-License-Identifier: Apache-2.0
// client/last_error.hh -- the sentence behind this thread's last failure.
#pragma once

#include <expected>

#include <obj/obj.h>

namespace obj::client {

// The type; obj.h has a function of that name too, which hides it.
using Status = enum ::obj_status;

// Records the sentence for obj_last_error() and returns `status`, so that a failure is one line:
// `return fail(OBJ_EINVAL, "obj_put: ...")`. Cuts what is longer than kSentenceBytes.
[[nodiscard, gnu::format(printf, 2, 3)]] Status fail(Status status, const char* format, ...);

// Never null.
const char* last_error();

// A value, or a status whose sentence is recorded already.
template <class T>
using OrStatus = std::expected<T, Status>;

inline constexpr int kSentenceBytes = 1536;  // room for a detail text of the daemon's and a preface

}  // namespace obj::client
