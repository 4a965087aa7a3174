// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/status_report.hh"

namespace objctl {

Outcome<Json> status_report(const Session& session, uint32_t flags) {
  OBJCTL_TRY(const std::string text, session.status(flags));
  Json status = Json::parse(text, nullptr, false);
  if (!status.is_object()) {
    return std::unexpected(Failure{OBJ_ESYSTEM, "status", "objd's answer is not JSON"});
  }
  return status;
}

}  // namespace objctl
