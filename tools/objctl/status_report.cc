// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/status_report.hh"

namespace objctl {
namespace {

Outcome<Json> parsed(const std::string& text, const std::string& what) {
  Json report = Json::parse(text, nullptr, false);
  if (!report.is_object()) {
    return std::unexpected(Failure{OBJ_ESYSTEM, what, "objd's answer is not JSON"});
  }
  return report;
}

// A report that consists of the reason why there is none is a failure.
Outcome<Json> parsed_answer(const std::string& text, const std::string& what) {
  OBJCTL_TRY(Json report, parsed(text, what));
  const Json& error = field(report, "error");
  if (!error.is_null()) {
    return std::unexpected(Failure{OBJ_EUNAVAILABLE, what, as_text(error)});
  }
  return report;
}

}  // namespace

Outcome<Json> status_report(const Session& session, uint32_t topic) {
  OBJCTL_TRY(const std::string text, session.status(topic));
  return parsed(text, "status");
}

Outcome<Json> cluster_report(const Session& session, uint32_t topic, const std::string& what) {
  OBJCTL_TRY(const std::string text, session.status(topic, what));
  return parsed_answer(text, what);
}

Outcome<Json> location_report(const Session& session, const ObjectName& object) {
  const std::string what = "where " + object.spelling;
  OBJCTL_TRY(const std::string text, session.locate(object.id, what));
  return parsed_answer(text, what);
}

}  // namespace objctl
