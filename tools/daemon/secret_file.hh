// SPDX-License-Identifier: Apache-2.0
// tools/daemon/secret_file.hh -- the cluster's shared secret, from a file that only its owner
// reads.
#pragma once

#include <expected>
#include <string>

namespace obj {

// The file's content without the line end. On failure: a sentence with cause and mend. It must not
// be empty, nor readable by everybody, nor longer than kSecretBytesMax.
std::expected<std::string, std::string> read_secret_file(const std::string& path);

inline constexpr size_t kSecretBytesMax = 4096;

}  // namespace obj
