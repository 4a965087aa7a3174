// SPDX-License-Identifier: Apache-2.0
#include "tools/objd/settings.hh"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include "base/default_socket.hh"
#include "node/size_text.hh"

namespace obj {
namespace {

constexpr const char* kDefaultConfigFile = "/etc/objd/objd.conf";
constexpr uint64_t kArenaGranule = uint64_t{2} << 20;

using Problem = std::optional<std::string>;  // nothing: fine

// One key of the configuration file, which is also a flag (--key-with-dashes).
struct Setting {
  std::string key;
  std::string help;
  std::string default_value;
  Problem (*apply)(const std::string& value, ObjdCommand& command);
};

Problem apply_number(const std::string& text, uint32_t least, uint32_t most, uint32_t& target) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return "must be a number from " + std::to_string(least) + " to " + std::to_string(most);
  }
  target = value;
  return {};
}

Problem apply_power_of_two(const std::string& text, uint32_t least, uint32_t most,
                           uint32_t& target) {
  uint32_t value = 0;
  if (const Problem problem = apply_number(text, least, most, value)) return problem;
  if (!std::has_single_bit(value)) return "must be a power of two";
  target = value;
  return {};
}

template <class Value>
Problem apply_choice(const std::string& text, const std::map<std::string, Value>& choices,
                     Value& target) {
  const auto found = choices.find(text);
  if (found == choices.end()) {
    std::string names;
    for (const auto& [name, value] : choices) names += (names.empty() ? "" : ", ") + name;
    return "must be one of " + names;
  }
  target = found->second;
  return {};
}

Problem apply_memory(const std::string& text, ObjdCommand& command) {
  uint64_t bytes = 0;
  if (text.ends_with('%')) {
    uint32_t percent = 0;
    if (const Problem problem = apply_number(text.substr(0, text.size() - 1), 1, 95, percent)) {
      return "must be 1% to 95%, or a size";
    }
    bytes = usable_memory_bytes() / 100 * percent;
  } else {
    const auto size = parse_size(text);
    if (!size) return size.error();
    bytes = *size;
  }
  bytes -= bytes % kArenaGranule;
  if (bytes == 0) return "must be at least 2 MiB";
  command.node.object_store_memory_bytes = bytes;
  return {};
}

Problem apply_mode(const std::string& text, ObjdCommand& command) {
  uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777) {
    return "must be an octal file mode such as 0660";
  }
  command.node.socket_mode = mode;
  return {};
}

const std::vector<Setting>& settings() {
  static const std::map<std::string, bool> kBooleans{
      {"true", true}, {"false", false}, {"on", true}, {"off", false}, {"yes", true}, {"no", false}};
  static const std::map<std::string, HugePages> kHugePages{{"auto", HugePages::kAuto},
                                                           {"off", HugePages::kOff},
                                                           {"transparent", HugePages::kTransparent},
                                                           {"2M", HugePages::k2M},
                                                           {"1G", HugePages::k1G}};
  static const std::map<std::string, int> kLevels{
      {"debug", 0}, {"info", 1}, {"warn", 2}, {"error", 3}};
  static const std::vector<Setting> kSettings{
      {"socket", "Unix socket on which clients connect", default_socket_path(),
       [](const std::string& value, ObjdCommand& command) -> Problem {
         if (value.empty()) return "must be a path";
         command.node.socket_path = value;
         return {};
       }},
      {"socket_mode", "file mode of the socket, octal: who may connect", "0660", apply_mode},
      {"object_store_memory", "size of the arena: bytes, 8G, or 30% of memory", "30%",
       apply_memory},
      {"huge_pages", "auto, off, transparent, 2M or 1G", "auto",
       [](const std::string& value, ObjdCommand& command) {
         return apply_choice(value, kHugePages, command.node.huge_pages);
       }},
      {"huge_pages_reserve", "raise vm.nr_overcommit_hugepages if the pool is too small", "false",
       [](const std::string& value, ObjdCommand& command) {
         return apply_choice(value, kBooleans, command.node.huge_pages_reserve);
       }},
      {"objects_max", "objects that the table holds, up to 10000000", "1048576",
       [](const std::string& value, ObjdCommand& command) {
         return apply_number(value, 16, 10'000'000, command.node.objects_max);
       }},
      {"poll_us", "how long to poll after the last request before sleeping", "50",
       [](const std::string& value, ObjdCommand& command) {
         return apply_number(value, 0, 1'000'000, command.node.poll_us);
       }},
      {"sessions_max", "clients connected at once", "1024",
       [](const std::string& value, ObjdCommand& command) {
         return apply_number(value, 1, 65536, command.node.sessions_max);
       }},
      {"client_requests_max", "operations in flight that one client may ask for", "65536",
       [](const std::string& value, ObjdCommand& command) {
         return apply_power_of_two(value, session::kRequestsMin, session::kRequestsMax,
                                   command.node.client_requests_max);
       }},
      {"client_pins_max", "views at once that one client may ask for", "1048576",
       [](const std::string& value, ObjdCommand& command) {
         return apply_number(value, 1, session::kPinsMax, command.node.client_pins_max);
       }},
      {"log_level", "debug, info, warn or error", "info",
       [](const std::string& value, ObjdCommand& command) {
         int level = 0;
         command.log_level = value;
         return apply_choice(value, kLevels, level);
       }},
      {"log_file", "where log lines go; empty: standard error", "",
       [](const std::string& value, ObjdCommand& command) -> Problem {
         command.log_file = value;
         return {};
       }},
  };
  return kSettings;
}

std::string flag_name(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

struct Value {
  std::string text;
  std::string origin;
};
using Values = std::map<std::string, Value>;

// Reads key = value lines into `values`. A missing file is a problem only if it was asked for.
Problem read_file(const std::string& path, bool is_asked_for, Values& values) {
  std::ifstream file(path);
  if (!file) return is_asked_for ? Problem("cannot read '" + path + "'") : Problem();
  std::vector<CLI::ConfigItem> items;
  try {  // CLI11 reports by throwing; that ends here
    items = CLI::ConfigINI().from_config(file);
  } catch (const CLI::Error& error) {
    return path + ": " + error.what();
  }
  for (const CLI::ConfigItem& item : items) {
    const auto found = values.find(item.fullname());
    if (found == values.end()) return path + ": unknown key '" + item.fullname() + "'";
    if (item.inputs.size() > 1) return path + ": " + item.name + " has more than one value";
    found->second = {item.inputs.empty() ? "" : item.inputs.front(), path};
  }
  return {};
}

ObjdCommand exit_with(const std::string& problem) {
  std::cerr << "objd: " << problem << "\n";
  ObjdCommand command;
  command.what = ObjdCommand::What::kExit;
  command.exit_code = 2;
  return command;
}

ObjdCommand apply_all(const Values& values) {
  ObjdCommand command;
  for (const Setting& setting : settings()) {
    const Value& value = values.at(setting.key);
    if (const Problem problem = setting.apply(value.text, command)) {
      return exit_with(setting.key + " = '" + value.text + "' (" + value.origin + ") " + *problem);
    }
    command.node.shown.push_back({setting.key, value.text, value.origin});
  }
  return command;
}

}  // namespace

ObjdCommand read_command_line(int argc, char** argv) {
  CLI::App app("objd keeps immutable objects in shared memory for the processes of this node.");
  app.set_version_flag("--version", "objd " OBJD_VERSION);
  std::string config_path;
  bool is_print_config = false;
  const auto* const config_option =
      app.add_option("--config", config_path,
                     std::string("configuration file (default: ") + kDefaultConfigFile + ")");
  app.add_flag("--print-config", is_print_config,
               "print each value and where it came from, and exit");
  std::map<std::string, std::string> flags;
  for (const Setting& setting : settings()) {
    app.add_option(flag_name(setting.key), flags[setting.key],
                   setting.help + " (default: " + setting.default_value + ")");
  }
  try {  // CLI11 reports by throwing; that ends here
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    ObjdCommand command;
    command.what = ObjdCommand::What::kExit;
    command.exit_code = app.exit(error) == 0 ? 0 : 2;
    return command;
  }

  Values values;
  for (const Setting& setting : settings())
    values[setting.key] = {setting.default_value, "default"};
  if (std::getenv("OBJD_SOCKET") != nullptr) values["socket"].origin = "environment OBJD_SOCKET";
  const bool is_asked_for = config_option->count() > 0;
  if (const Problem problem =
          read_file(is_asked_for ? config_path : kDefaultConfigFile, is_asked_for, values)) {
    return exit_with(*problem);
  }
  for (const Setting& setting : settings()) {
    if (app.count(flag_name(setting.key)) > 0) values[setting.key] = {flags[setting.key], "flag"};
  }
  ObjdCommand command = apply_all(values);
  if (command.what == ObjdCommand::What::kRun && is_print_config) {
    command.what = ObjdCommand::What::kPrintConfig;
  }
  return command;
}

std::string print_config(const NodeConfig& config) {
  std::string text;
  for (const ShownSetting& setting : config.shown) {
    text += "# " + setting.origin + "\n" + setting.key + " = \"" + setting.value + "\"\n";
  }
  return text;
}

std::expected<uint64_t, std::string> parse_size(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string unit(end, text.data() + text.size());
  if (unit.ends_with("iB")) unit.resize(unit.size() - 2);
  static const std::map<std::string, int> kShifts{{"", 0},   {"B", 0},  {"K", 10},
                                                  {"M", 20}, {"G", 30}, {"T", 40}};
  const auto shift = kShifts.find(unit);
  if (error != std::errc{} || shift == kShifts.end() || value > UINT64_MAX >> shift->second) {
    return std::unexpected("must be a size such as 4096, 512M or 8GiB");
  }
  return value << shift->second;
}

}  // namespace obj
