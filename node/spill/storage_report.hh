// SPDX-License-Identifier: Apache-2.0
// node/spill/storage_report.hh -- what operators ask about storage, as JSON text.
//
// The fields are listed in docs/man/objctl.1.scd.
#pragma once

#include <string>

#include "node/spill/storage_host.hh"

namespace obj {

// {"driver": "io_uring", "objects": 7, ..., "directories": [...]}
std::string storage_report(StorageHost& host);

}  // namespace obj
