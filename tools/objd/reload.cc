// SPDX-License-Identifier: Apache-2.0
#include "tools/objd/reload.hh"

#include "base/log.hh"

namespace obj {

void reload(const ObjdCommand& changed, Node& node) {
  if (changed.what != ObjdCommand::What::kRun) {
    log::error("reload_failed", {{"mend",
                                  "objd --print-config with the same options says what is "
                                  "wrong; nothing was changed"}});
    return;
  }
  NodeConfig next = changed.node;
  const std::vector<ShownSetting>& present = node.config().shown;
  for (size_t i = 0; i < next.shown.size(); i++) {
    ShownSetting& setting = next.shown[i];
    if (setting.value == present[i].value) continue;
    if (changes_live(setting.key)) {
      log::info("setting_changed", {{"key", setting.key}, {"value", setting.value}});
    } else {
      log::warn("setting_needs_restart", {{"key", setting.key}, {"value", setting.value}});
      setting = present[i];
    }
  }
  log::set_level(changed.log_level);
  node.reconfigure(next);
  log::info("reloaded");
}

}  // namespace obj
