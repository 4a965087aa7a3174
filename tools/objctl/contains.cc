// SPDX-License-Identifier: Apache-2.0
// tools/objctl/contains.cc -- `objctl contains`: whether objects are here.
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/json_fields.hh"
#include "tools/objctl/session.hh"

namespace objctl {
namespace {

std::string answer(const ObjectName& object, bool is_present, bool as_json) {
  if (as_json) return json_line({{"id", id_text(object.id)}, {"present", is_present}});
  return id_text(object.id) + (is_present ? "  present\n" : "  absent\n");
}

}  // namespace

Outcome<int> run(const ContainsOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  bool all_present = true;
  for (const ObjectName& object : options.objects) {
    int present = 0;
    const int status = obj_contains(session.get(), &object.id, &present);
    if (status != OBJ_OK) return library_failure(status, "contains " + object.spelling);
    all_present = all_present && present != 0;
    OBJCTL_DO(print(answer(object, present != 0, global.json)));
  }
  return all_present ? kExitOk : kExitFailed;
}

}  // namespace objctl
