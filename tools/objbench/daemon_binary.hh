// SPDX-License-Identifier: Apache-2.0
// tools/objbench/daemon_binary.hh -- which objd a measurement starts.
#pragma once

#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

// This very program's file.
std::string own_binary();

// `chosen` if it is not empty; else objd of the same build tree, of the same directory, or of
// $PATH.
Outcome<std::string> find_daemon_binary(const std::string& chosen);

}  // namespace objbench
