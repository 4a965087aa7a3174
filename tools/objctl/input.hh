// SPDX-License-Identifier: Apache-2.0
// tools/objctl/input.hh -- the bytes that become an object: a file, or standard input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tools/objctl/descriptor.hh"
#include "tools/objctl/failure.hh"
#include "tools/objctl/progress.hh"
#include "tools/objctl/spool.hh"

namespace objctl {

// An object's size is fixed before its first byte is stored. A regular file says how large it is;
// of everything else (pipes, devices, files of /proc) the whole content is collected in memory
// first.
class Input {
 public:
  // `path`: "-" is standard input, from where it stands.
  static Outcome<Input> open(const std::string& path);

  // Collects what has no size of its own, at most `size_bytes_max`.
  Outcome<void> measure(uint64_t size_bytes_max, Progress::Shown shown);
  // False before measure() where that has to collect.
  bool has_size() const { return has_size_; }
  uint64_t size_bytes() const { return size_bytes_; }
  const std::string& label() const { return label_; }

  // Fills `destination` (size_bytes() bytes). A file that has become shorter is a failure; one that
  // has grown gives its first size_bytes() bytes.  REQUIRES: has_size().
  Outcome<void> copy_to(std::span<std::byte> destination, Progress& progress);

 private:
  Input(Descriptor file, std::string label);

  Descriptor file_;
  std::string label_;  // for people
  bool has_size_ = false;
  uint64_t size_bytes_ = 0;
  Spool spool_;  // holds size_bytes_ bytes if is_spooled_
  bool is_spooled_ = false;
};

}  // namespace objctl
