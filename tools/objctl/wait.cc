// SPDX-License-Identifier: Apache-2.0
// tools/objctl/wait.cc -- `objctl wait`: until objects are here.
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/json_fields.hh"
#include "tools/objctl/session.hh"

namespace objctl {
namespace {

// The ids of the objects that are here, one a line; as JSON also of those that are not.
std::string found(const WaitOptions& options, const std::vector<uint8_t>& ready, bool as_json) {
  std::string text;
  Json present = Json::array();
  Json missing = Json::array();
  for (size_t i = 0; i < options.objects.size(); i++) {
    const std::string id = id_text(options.objects[i].id);
    (ready[i] != 0 ? present : missing).push_back(id);
    if (ready[i] != 0) text += id + "\n";
  }
  return as_json ? json_line({{"ready", present}, {"missing", missing}}) : text;
}

}  // namespace

Outcome<int> run(const WaitOptions& options, const GlobalOptions& global) {
  const size_t count = options.objects.size();
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead, count));
  std::vector<obj_id> ids;
  for (const ObjectName& object : options.objects) ids.push_back(object.id);
  std::vector<uint8_t> ready(count);
  size_t ready_count = 0;
  const int status = obj_wait(session.get(), ids.data(), count, options.count.value_or(count),
                              global.timeout_ms.value_or(OBJ_FOREVER), ready.data(), &ready_count);
  // Printing must not stand between the call and its message.
  const auto failure = library_failure(status, "wait");
  if (status == OBJ_OK || status == OBJ_ETIMEOUT) {
    OBJCTL_DO(print(found(options, ready, global.json)));
  }
  if (status != OBJ_OK) return failure;
  return kExitOk;
}

}  // namespace objctl
