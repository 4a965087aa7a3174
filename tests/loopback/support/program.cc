// SPDX-License-Identifier: Apache-2.0
#include "tests/loopback/support/program.hh"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/check.hh"
#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/temp_dir.hh"

namespace obj {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;  // getenv() finds the first of two
  for (char** entry = ::environ; *entry != nullptr; entry++) all.emplace_back(*entry);
  return all;
}

}  // namespace

std::string objd_path() {
  const char* const path = std::getenv("OBJD");
  OBJ_CHECK(path != nullptr);  // run it through meson test, or with OBJD=path
  return path;
}

pid_t start_program(const std::vector<std::string>& argv, const std::string& output_path,
                    const std::vector<std::string>& environment) {
  // All that allocates comes before the fork: the test may have other threads.
  const std::vector<std::string> all = environment_with(environment);
  const std::vector<char*> arguments = pointers_to(argv);
  const std::vector<char*> variables = pointers_to(all);
  const pid_t pid = ::fork();
  OBJ_CHECK(pid >= 0);
  if (pid > 0) return pid;
  // A test that is killed leaves no daemon behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(::open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
         STDOUT_FILENO);
  ::dup2(STDOUT_FILENO, STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), variables.data());
  ::_exit(127);
}

ProgramEnd run_program(const std::vector<std::string>& argv,
                       const std::vector<std::string>& environment) {
  const TempDir dir;
  const int code = wait_for_process(start_program(argv, dir.file("output"), environment));
  return {code, content_of(dir.file("output"))};
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace obj
