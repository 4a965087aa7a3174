// SPDX-License-Identifier: Apache-2.0
// tools/objctl/output_file.hh -- a file that is there whole or not at all.
#pragma once

#include <string>

#include "tools/objctl/descriptor.hh"
#include "tools/objctl/failure.hh"

namespace objctl {

// Bytes go to a nameless file in the target's folder, which commit() puts in the target's place at
// once: readers see the old content or the new, and a process that is killed leaves nothing. Where
// the file system has no nameless files (O_TMPFILE) a named one beside the target serves, which
// SIGKILL can leave behind. A symbolic link is followed, the permissions of a file that is replaced
// are kept, and what is no regular file (a pipe, /dev/null) is written to directly.
class OutputFile {
 public:
  // "-" is standard output. OBJ_ESYSTEM.
  static Outcome<OutputFile> open(const std::string& path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  // Without commit() nothing happened.
  ~OutputFile();

  int fd() const { return file_.get(); }
  // `label`: for people.
  const std::string& label() const { return label_; }

  // `sync`: the bytes and the name are on disk on return.
  Outcome<void> commit(bool sync);

 private:
  OutputFile(Descriptor file, std::string label)
      : file_(std::move(file)), label_(std::move(label)) {}

  static Outcome<OutputFile> replace(const std::string& path, const std::string& label);
  Outcome<void> open_named();
  Outcome<void> give_name();
  Outcome<void> sync_folder() const;

  Descriptor file_;
  std::string label_;
  std::string target_;     // the path to appear at; empty: written directly
  std::string temporary_;  // name of the file until commit(); empty: it has none
};

}  // namespace objctl
