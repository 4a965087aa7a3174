// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/input.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/objctl/interruption.hh"
#include "tools/objctl/size_text.hh"

namespace objctl {
namespace {

// Large enough that system calls cost nothing, small enough that a bar moves.
constexpr size_t kChunkBytes = size_t{8} << 20;

// What is left of a regular file from where its descriptor stands; 0 if it is no regular file, and
// for those of /proc, which say 0 and have content.
uint64_t bytes_left(int fd) {
  struct stat about = {};
  if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  const off_t position = ::lseek(fd, 0, SEEK_CUR);
  if (position < 0 || position >= about.st_size) return 0;
  return static_cast<uint64_t>(about.st_size - position);
}

}  // namespace

Outcome<Input> Input::open(const std::string& path) {
  if (path == "-") return Input(Descriptor(STDIN_FILENO), "standard input");
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return system_failure(errno, path);
  return Input(std::move(file), path);
}

Input::Input(Descriptor file, std::string label)
    : file_(std::move(file)), label_(std::move(label)), size_bytes_(bytes_left(file_.get())) {
  has_size_ = size_bytes_ > 0;
}

Outcome<void> Input::measure(uint64_t size_bytes_max, Progress::Shown shown) {
  if (has_size_) return {};
  Progress progress(label_, 0, shown);
  OBJCTL_DO(spool_.collect(file_.get(), size_bytes_max, label_, progress));
  is_spooled_ = true;
  has_size_ = true;
  size_bytes_ = spool_.bytes().size();
  return {};
}

Outcome<void> Input::copy_to(std::span<std::byte> destination, Progress& progress) {
  std::span<const std::byte> spooled = spool_.bytes();
  while (!destination.empty()) {
    if (Interruption::noted()) return interrupted(label_);
    const std::span<std::byte> chunk = destination.first(std::min(destination.size(), kChunkBytes));
    if (is_spooled_) {
      std::memcpy(chunk.data(), spooled.data(), chunk.size());
      spooled = spooled.subspan(chunk.size());
    } else {
      OBJCTL_TRY(const size_t got, read_whole(file_.get(), chunk, label_));
      if (got < chunk.size()) {
        return std::unexpected(Failure{
            OBJ_EINVAL, label_, "became shorter than " + human_size(size_bytes_) + " meanwhile"});
      }
    }
    progress.advance(chunk.size());
    destination = destination.subspan(chunk.size());
  }
  return {};
}

}  // namespace objctl
