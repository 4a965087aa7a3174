// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/failure.hh"

#include <cstring>
#include <nlohmann/json.hpp>

#include "tools/objctl/json_fields.hh"
#include "tools/objctl/printable.hh"

namespace objctl {

std::unexpected<Failure> library_failure(int status, std::string what) {
  std::string cause = obj_last_error();
  if (cause.empty()) cause = obj_status_name(status);
  return std::unexpected(Failure{status, std::move(what), std::move(cause)});
}

std::unexpected<Failure> system_failure(int system_errno, std::string what) {
  return std::unexpected(Failure{OBJ_ESYSTEM, std::move(what), std::strerror(system_errno)});
}

ExitCode exit_code(const Failure& failure) {
  return failure.status == OBJ_EDISCONNECTED ? kExitNoDaemon : kExitFailed;
}

std::string failure_line(const Failure& failure, bool as_json) {
  const std::string sentence = failure.what + ": " + failure.cause;
  if (!as_json) return "objctl: " + printable(sentence) + "\n";
  return json_line({{"error", sentence}, {"status", obj_status_name(failure.status)}});
}

}  // namespace objctl
