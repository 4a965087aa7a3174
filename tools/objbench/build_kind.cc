// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/build_kind.hh"

#include <fmt/format.h>

#include <string_view>

namespace objbench {
namespace {

// From meson.build: the compiler tells neither -O3 from -O1 nor whether UBSan is on.
constexpr std::string_view kBuildType = OBJBENCH_BUILDTYPE;
constexpr std::string_view kOptimization = OBJBENCH_OPTIMIZATION;
constexpr std::string_view kSanitizers = OBJBENCH_SANITIZE;

#if defined(__clang__)
constexpr std::string_view kCompiler = "Clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#endif

}  // namespace

std::string build_text() {
  return fmt::format("{}, -O{}, {}{}", kBuildType, kOptimization,
                     kSanitizers == "none" ? "" : fmt::format("{} sanitizer, ", kSanitizers),
                     kCompiler);
}

std::optional<std::string> build_refusal() {
  const bool is_optimized = kOptimization == "2" || kOptimization == "3";
  if (is_optimized && kSanitizers == "none") return {};
  return fmt::format(
      "this is a {} build ({}), whose numbers mean nothing; use one of "
      "`meson setup --buildtype=release`",
      is_optimized ? "sanitizer" : "debug", build_text());
}

}  // namespace objbench
