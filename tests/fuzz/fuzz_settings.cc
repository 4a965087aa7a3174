// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_settings.cc -- arbitrary bytes as objd's configuration file.
//
// Either the file is refused with a sentence, or the settings are in range; nothing is thrown.
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <iostream>
#include <sstream>
#include <string>

#include "base/check.hh"
#include "tests/fuzz/fuzz_input.hh"
#include "tools/daemon/setting.hh"
#include "tools/objd/settings.hh"

namespace {

using namespace obj;

// A file in memory, and its name in /proc.
class MemoryFile {
 public:
  MemoryFile(const uint8_t* data, size_t size_bytes)
      : fd_(::memfd_create("settings", MFD_CLOEXEC)) {
    OBJ_CHECK(::write(fd_, data, size_bytes) == static_cast<ssize_t>(size_bytes));
  }
  ~MemoryFile() { ::close(fd_); }

  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// What the program says goes nowhere.
class Silence {
 public:
  Silence() : out_(std::cout.rdbuf(text_.rdbuf())), err_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Silence() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  bool has_heard() const { return !text_.str().empty(); }

 private:
  std::ostringstream text_;
  std::streambuf* out_;
  std::streambuf* err_;
};

void check_ranges(const NodeConfig& config) {
  OBJ_CHECK(!config.socket_path.empty());
  OBJ_CHECK(config.socket_mode <= 0777);
  OBJ_CHECK(config.object_store_memory_bytes > 0);
  OBJ_CHECK(config.objects_max >= 16 && config.objects_max <= 10'000'000);
  OBJ_CHECK(config.sessions_max >= 1);
  OBJ_CHECK(std::has_single_bit(config.client_requests_max));
  OBJ_CHECK(config.client_requests_max <= session::kRequestsMax);
  OBJ_CHECK(config.client_pins_max >= 1 && config.client_pins_max <= session::kPinsMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const MemoryFile file(data, size_bytes);
  std::string arguments[] = {"objd", "--config", file.path(), "--print-config"};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                  arguments[3].data(), nullptr};
  const Silence silence;
  const ObjdCommand command = read_command_line(4, argv);
  if (command.what == ObjdCommand::What::kExit) {
    OBJ_CHECK(command.exit_code != 0);
    OBJ_CHECK(silence.has_heard());
    return 0;
  }
  check_ranges(command.node);
  OBJ_CHECK(!print_config(command.node.shown).empty());
  return 0;
}
