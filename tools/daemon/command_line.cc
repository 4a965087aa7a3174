// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/command_line.hh"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>

namespace obj {
namespace {

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

CommandLine exit_with(const Program& program, const std::string& problem) {
  std::cerr << program.name << ": " << problem << "\n";
  return {.what = CommandLine::What::kExit, .exit_code = 2, .shown = {}};
}

CommandLine apply_all(const Program& program, std::span<const Setting> settings,
                      const Values& values) {
  CommandLine line;
  for (const Setting& setting : settings) {
    const Value& value = values.at(setting.key);
    if (const Problem problem = setting.apply(value.text)) {
      return exit_with(program,
                       setting.key + " = '" + value.text + "' (" + value.origin + ") " + *problem);
    }
    line.shown.push_back({setting.key, value.text, value.origin});
  }
  return line;
}

}  // namespace

CommandLine read_command_line(const Program& program, std::span<const Setting> settings, int argc,
                              char** argv) {
  CLI::App app(program.purpose);
  app.set_version_flag("--version", program.name + " " + program.version);
  std::string config_path;
  bool is_print_config = false;
  const auto* const config_option = app.add_option(
      "--config", config_path, "configuration file (default: " + program.default_config_file + ")");
  app.add_flag("--print-config", is_print_config,
               "print each value and where it came from, and exit");
  std::map<std::string, std::string> flags;
  for (const Setting& setting : settings) {
    app.add_option(flag_name(setting.key), flags[setting.key],
                   setting.help + " (default: " + setting.default_value + ")");
  }
  try {  // CLI11 reports by throwing; that ends here
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {
        .what = CommandLine::What::kExit, .exit_code = app.exit(error) == 0 ? 0 : 2, .shown = {}};
  }

  Values values;
  for (const Setting& setting : settings) {
    values[setting.key] = {setting.default_value, setting.default_origin};
  }
  const bool is_asked_for = config_option->count() > 0;
  if (const Problem problem = read_file(is_asked_for ? config_path : program.default_config_file,
                                        is_asked_for, values)) {
    return exit_with(program, *problem);
  }
  for (const Setting& setting : settings) {
    if (app.count(flag_name(setting.key)) > 0) values[setting.key] = {flags[setting.key], "flag"};
  }
  CommandLine line = apply_all(program, settings, values);
  if (line.what == CommandLine::What::kRun && is_print_config) {
    line.what = CommandLine::What::kPrintConfig;
  }
  return line;
}

std::string print_config(std::span<const ShownSetting> shown) {
  std::string text;
  for (const ShownSetting& setting : shown) {
    text += "# " + setting.origin + "\n" + setting.key + " = \"" + setting.value + "\"\n";
  }
  return text;
}

}  // namespace obj
