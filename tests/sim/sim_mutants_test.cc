// SPDX-License-Identifier: Apache-2.0
// tests/sim/sim_mutants_test.cc -- would the simulator find the bugs that it is for?
//
// Runs the seeds of the normal run with each mutant of the sources (tests/sim/mutants/meson.build),
// and passes only if every one breaks an invariant, and the one that it should. SIM_MUTANTS lists
// them, one a line: name|program|invariant.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sim/normal_run.hh"

namespace obj::sim {
namespace {

struct Mutant {
  std::string name, program, invariant;
};

std::vector<Mutant> mutants() {
  const char* const listed = std::getenv("SIM_MUTANTS");
  std::istringstream lines(listed == nullptr ? "" : listed);
  std::vector<Mutant> found;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    Mutant mutant;
    std::getline(fields, mutant.name, '|');
    std::getline(fields, mutant.program, '|');
    std::getline(fields, mutant.invariant, '|');
    found.push_back(mutant);
  }
  return found;
}

struct Ended {
  int exit_code;  // -1: by a signal
  std::string output;
};

Ended run(const Mutant& mutant) {
  const std::string command =
      "'" + mutant.program + "' 1 " + std::to_string(kNormalRunSeeds) + " 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::string output;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) output += buffer;
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

TEST(SimMutants, every_mutant_is_caught_by_the_invariant_that_it_breaks) {
  const std::vector<Mutant> listed = mutants();
  ASSERT_FALSE(listed.empty()) << "SIM_MUTANTS is not set: run this through meson test";
  for (const Mutant& mutant : listed) {
    const Ended ended = run(mutant);
    std::printf("%s: %s", mutant.name.c_str(), ended.output.c_str());
    EXPECT_EQ(ended.exit_code, 1) << mutant.name << " was not caught";
    EXPECT_NE(ended.output.find(": " + mutant.invariant), std::string::npos)
        << mutant.name << " should break \"" << mutant.invariant << "\"";
  }
}

}  // namespace
}  // namespace obj::sim
