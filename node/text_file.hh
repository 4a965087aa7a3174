// SPDX-License-Identifier: Apache-2.0
// node/text_file.hh -- a text that is handed to another process as a file.
#pragma once

#include <string>

#include "base/result.hh"
#include "base/unique_fd.hh"

namespace obj {

// `text` in a fresh memfd that a peer can map or read from its start. kSystem or kOutOfMemory.
Result<UniqueFd> text_file(const char* name, const std::string& text);

}  // namespace obj
