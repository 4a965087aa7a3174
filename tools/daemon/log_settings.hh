// SPDX-License-Identifier: Apache-2.0
// tools/daemon/log_settings.hh -- the settings that say what is logged and where.
#pragma once

#include <string>

#include "base/log.hh"
#include "tools/daemon/setting.hh"

namespace obj {

// They apply to `target`, which must outlive them.
inline Setting log_level_setting(log::Level& target) {
  return {"log_level", "debug, info, warn or error", "info", [&target](const std::string& value) {
            static const std::map<std::string, log::Level> kLevels{{"debug", log::Level::kDebug},
                                                                   {"info", log::Level::kInfo},
                                                                   {"warn", log::Level::kWarn},
                                                                   {"error", log::Level::kError}};
            return apply_choice(value, kLevels, target);
          }};
}
inline Setting log_file_setting(std::string& target) {
  return {"log_file", "where log lines go; empty: standard error", "",
          [&target](const std::string& value) -> Problem {
            target = value;
            return {};
          }};
}

}  // namespace obj
