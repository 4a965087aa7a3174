// SPDX-License-Identifier: Apache-2.0
// bench/release_only.hh -- main() of a benchmark: refuses builds whose numbers mean nothing, and
// says what machine the numbers are of.
#pragma once

#include <benchmark/benchmark.h>
#include <sys/utsname.h>

#include <cstdio>
#include <fstream>
#include <string>

// Linked in exactly if the build has UBSan, which no macro of GCC tells.
extern "C" void __ubsan_handle_type_mismatch_v1() __attribute__((weak));

namespace obj {

// Why this build's numbers would mean nothing, or null.
inline const char* unfit_build() {
#if !defined(__OPTIMIZE__)
  return "it was compiled without optimisation";
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return "it was compiled with a sanitizer";
#else
  return __ubsan_handle_type_mismatch_v1 != nullptr ? "it was compiled with a sanitizer" : nullptr;
#endif
}

inline std::string cpu_model() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

inline int run_benchmarks(int argc, char** argv) {
  if (const char* why = unfit_build()) {
    std::fprintf(stderr, "%s: refuses to measure: %s\n", argv[0], why);
    return 77;
  }
  utsname system;
  ::uname(&system);
  benchmark::AddCustomContext("cpu", cpu_model());
  benchmark::AddCustomContext("kernel", std::string(system.sysname) + " " + system.release);
  benchmark::AddCustomContext("compiler", __VERSION__);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace obj

#define OBJ_BENCHMARK_MAIN() \
  int main(int argc, char** argv) { return obj::run_benchmarks(argc, argv); }
