// SPDX-License-Identifier: Apache-2.0
// tools/objctl/examination.hh -- what is right and wrong with a machine, and what mends it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/objctl/machine_facts.hh"

namespace objctl {

enum class Verdict : uint8_t { kOk, kWarning, kProblem };

struct Finding {
  const char* check;  // a word
  Verdict verdict;
  std::string says;  // what is so, and what follows from it
  std::string mend;  // a line to type or to write; empty if nothing needs it
};

// One finding for each check, in the order in which a node comes up.
std::vector<Finding> examine(const MachineFacts& facts);

bool has_problem(const std::vector<Finding>& findings);

// "ok", "warning", "PROBLEM".
const char* verdict_text(Verdict verdict);

// The findings as a page for people, and as JSON, one object a line: check, verdict ("ok",
// "warning", "problem"), says, mend (null where there is nothing to mend).
std::string examination_page(const std::vector<Finding>& findings);
std::string examination_json(const std::vector<Finding>& findings);

// The single checks, for tests.
Finding check_daemon(const MachineFacts& facts);
Finding check_memory(const MachineFacts& facts);
Finding check_huge_pages(const MachineFacts& facts);
Finding check_locked_memory(const MachineFacts& facts);
Finding check_shared_memory(const MachineFacts& facts);
Finding check_io_uring(const MachineFacts& facts);
Finding check_rdma(const MachineFacts& facts);
Finding check_transports(const MachineFacts& facts);
Finding check_listen(const MachineFacts& facts);
Finding check_directory(const MachineFacts& facts);

}  // namespace objctl
