// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/output_file.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>

namespace objctl {
namespace {

constexpr mode_t kNewFileMode = 0666;  // less the umask
constexpr int kNameAttemptsMax = 100;

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// `path` with symbolic links resolved, or as it is where nothing is there yet.
std::string resolved(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) == nullptr ? path : real;
}

// A name beside `target` that nothing has, by all likelihood.
std::string name_beside(const std::string& target, int attempt) {
  const size_t start = target.rfind('/') == std::string::npos ? 0 : target.rfind('/') + 1;
  return fmt::format("{}.{}.objctl-{}-{}", target.substr(0, start), target.substr(start),
                     ::getpid(), attempt);
}

bool has_no_nameless_files(int system_errno) {
  return system_errno == EOPNOTSUPP || system_errno == EISDIR || system_errno == EINVAL;
}

}  // namespace

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::move(other.file_)),
      label_(std::move(other.label_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Outcome<OutputFile> OutputFile::open(const std::string& path) {
  if (path == "-") return OutputFile(Descriptor(STDOUT_FILENO), "standard output");
  struct stat about = {};
  const bool is_there = ::stat(path.c_str(), &about) == 0;
  if (!is_there || S_ISREG(about.st_mode)) return replace(resolved(path), path);
  Descriptor direct(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!direct.is_open()) return system_failure(errno, path);
  return OutputFile(std::move(direct), path);
}

Outcome<OutputFile> OutputFile::replace(const std::string& path, const std::string& label) {
  // The rename below needs leave to write the folder, not the file; a file that is write-protected
  // stays protected all the same.
  if (::access(path.c_str(), W_OK) != 0 && errno != ENOENT) return system_failure(errno, label);
  constexpr int kNameless = O_TMPFILE | O_WRONLY | O_CLOEXEC;
  Descriptor nameless(::open(folder_of(path).c_str(), kNameless, kNewFileMode));
  if (!nameless.is_open() && !has_no_nameless_files(errno)) return system_failure(errno, label);
  OutputFile output(std::move(nameless), label);
  output.target_ = path;
  if (!output.file_.is_open()) OBJCTL_DO(output.open_named());
  struct stat old = {};
  if (::stat(path.c_str(), &old) == 0) ::fchmod(output.fd(), old.st_mode & 07777);
  return output;
}

Outcome<void> OutputFile::open_named() {
  constexpr int kNew = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC;
  for (int i = 0; i < kNameAttemptsMax; i++) {
    const std::string name = name_beside(target_, i);
    file_ = Descriptor(::open(name.c_str(), kNew, kNewFileMode));
    if (file_.is_open()) {
      temporary_ = name;
      return {};
    }
    if (errno != EEXIST) break;
  }
  return system_failure(errno, label_);
}

Outcome<void> OutputFile::commit(bool sync) {
  // Pipes and devices have nothing to sync and say EINVAL.
  if (sync && ::fsync(file_.get()) != 0 && errno != EINVAL) return system_failure(errno, label_);
  if (target_.empty()) return {};
  if (temporary_.empty()) OBJCTL_DO(give_name());
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return system_failure(errno, label_);
  temporary_.clear();
  if (sync) return sync_folder();
  return {};
}

Outcome<void> OutputFile::give_name() {
  const std::string nameless = fmt::format("/proc/self/fd/{}", file_.get());
  for (int i = 0; i < kNameAttemptsMax; i++) {
    const std::string name = name_beside(target_, i);
    if (::linkat(AT_FDCWD, nameless.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
      return {};
    }
    if (errno != EEXIST) break;
  }
  return system_failure(errno, label_);
}

Outcome<void> OutputFile::sync_folder() const {
  Descriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return system_failure(errno, label_);
  return {};
}

}  // namespace objctl
