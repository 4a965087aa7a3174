// SPDX-License-Identifier: Apache-2.0
// tools/objctl/stat.cc -- `objctl stat`: what is known about some objects.
#include "tools/objctl/columns.hh"
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/size_text.hh"

namespace objctl {
namespace {

std::string exact_size(uint64_t size_bytes) {
  return human_size(size_bytes) + " (" + grouped(size_bytes) + " bytes)";
}

std::string page_of(const obj_info& info) {
  Columns page({{"", Columns::Side::kLeft}, {"", Columns::Side::kLeft}});
  page.add({"id", id_text(info.id)});
  page.add({"state", state_text(info.state)});
  page.add({"data", exact_size(info.data_bytes)});
  page.add({"metadata", exact_size(info.metadata_bytes)});
  page.add({"views", std::to_string(info.views)});
  page.add({"owner pins", std::to_string(info.owner_pins)});
  if (info.creator_pid != 0) page.add({"creator", "pid " + std::to_string(info.creator_pid)});
  page.add({"generation", std::to_string(info.generation)});
  return page.text();
}

Outcome<std::string> describe(const Session& session, const ObjectName& object, bool as_json) {
  obj_info info = {};
  const int status = obj_stat(session.get(), &object.id, &info);
  if (status != OBJ_OK) return library_failure(status, "stat " + object.spelling);
  return as_json ? listing_json(info, true) : page_of(info);
}

}  // namespace

Outcome<int> run(const StatOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  int worst = kExitOk;
  bool is_first = true;
  for (const ObjectName& object : options.objects) {
    const Outcome<std::string> text = describe(session, object, global.json);
    if (text.has_value()) {
      const bool needs_gap = !std::exchange(is_first, false) && !global.json;
      OBJCTL_DO(print(needs_gap ? "\n" + *text : *text));
    } else {
      worst = std::max(worst, report(text.error(), global));
    }
  }
  return worst;
}

}  // namespace objctl
