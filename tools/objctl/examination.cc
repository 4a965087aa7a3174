// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/examination.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tools/objctl/json_fields.hh"

namespace objctl {
namespace {

constexpr int kForGroupOnly = 1;  // of kernel.io_uring_disabled

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk: return "ok";
    case Verdict::kWarning: return "warning";
    case Verdict::kProblem: return "problem";
  }
  return "";
}

}  // namespace

const char* verdict_text(Verdict verdict) {
  return verdict == Verdict::kProblem ? "PROBLEM" : word_of(verdict);
}

Finding check_daemon(const MachineFacts& facts) {
  if (facts.daemon_absent.empty()) return {"objd", Verdict::kOk, "objd answers", ""};
  const std::string where = facts.socket.empty() ? "" : " --socket " + facts.socket;
  return {"objd", Verdict::kProblem, facts.daemon_absent, "objd" + where};
}

Finding check_io_uring(const MachineFacts& facts) {
  if (facts.io_uring_errno == 0) return {"io_uring", Verdict::kOk, "io_uring works", ""};
  if (facts.io_uring_disabled >= kForGroupOnly) {
    return {"io_uring", Verdict::kWarning,
            fmt::format("kernel.io_uring_disabled is {}: objects cannot be spilled to disk",
                        facts.io_uring_disabled),
            "sysctl -w kernel.io_uring_disabled=0"};
  }
  const bool is_filtered = facts.io_uring_errno == EPERM || facts.io_uring_errno == EACCES;
  return {"io_uring", Verdict::kWarning,
          fmt::format("io_uring cannot be used ({}): objects cannot be spilled to disk",
                      std::strerror(facts.io_uring_errno)),
          is_filtered ? "--security-opt seccomp=unconfined   # or a profile that has io_uring"
                      : "apt-get install linux-image-amd64   # a kernel that has io_uring"};
}

std::vector<Finding> examine(const MachineFacts& facts) {
  return {check_daemon(facts),        check_memory(facts),        check_huge_pages(facts),
          check_locked_memory(facts), check_shared_memory(facts), check_io_uring(facts),
          check_rdma(facts),          check_transports(facts),    check_listen(facts),
          check_directory(facts)};
}

bool has_problem(const std::vector<Finding>& findings) {
  return std::ranges::any_of(
      findings, [](const Finding& finding) { return finding.verdict == Verdict::kProblem; });
}

std::string examination_page(const std::vector<Finding>& findings) {
  std::string page;
  for (const Finding& finding : findings) {
    page += fmt::format("{:<8} {:<11} {}\n", verdict_text(finding.verdict), finding.check,
                        finding.says);
    if (!finding.mend.empty()) page += fmt::format("{:<21}mend: {}\n", "", finding.mend);
  }
  return page;
}

std::string examination_json(const std::vector<Finding>& findings) {
  std::string lines;
  for (const Finding& finding : findings) {
    lines += json_line({{"check", finding.check},
                        {"verdict", word_of(finding.verdict)},
                        {"says", finding.says},
                        {"mend", finding.mend.empty() ? Json() : Json(finding.mend)}});
  }
  return lines;
}

}  // namespace objctl
