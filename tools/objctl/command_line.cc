// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/command_line.hh"

#include <algorithm>
#include <sstream>

#include "tools/objctl/argument_types.hh"
#include "tools/objctl/failure.hh"
#include "tools/objctl/subcommand.hh"

namespace objctl {
namespace {

constexpr const char* kFooter =
    "Objects are written as 32 hex digits or as name:NAME.\n"
    "Exit codes: 0 done, 1 failed or \"no\", 2 wrong arguments, 3 no objd.\n"
    "\n"
    "Examples:\n"
    "  objctl put model.bin --name model-7\n"
    "  objctl get name:model-7 copy.bin\n"
    "  objctl ls --long --sort size\n"
    "  objctl status\n"
    "\n"
    "`objctl COMMAND --help` tells more, and so does the manual page objctl(1).\n";

std::string version_text() {
  return std::string("objctl " OBJCTL_VERSION ", libobj ") + obj_version() + "\n";
}

void declare_global(CLI::App& app, GlobalOptions& global) {
  app.add_option("--socket", global.socket, "Where objd listens, if not at the usual place")
      ->check(is_not_empty())
      ->type_name("PATH");
  app.add_flag("--json", global.json, "Results and errors as JSON, one object a line");
  app.add_option("--timeout", global.timeout_ms,
                 "How long to wait for room or for objects; -1: for ever")
      ->check(CLI::Range(-1, INT32_MAX).description(""))
      ->type_name("MS");
  app.set_version_flag("--version", version_text(), "Print the version and exit");
  app.require_subcommand(1);
  app.fallthrough();  // the options above may also follow the command
}

std::string given_command(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() ? "" : given.front()->get_name();
}

Reply usage_error(const std::string& complaint, const std::string& command, bool as_json) {
  const std::string help = command.empty() ? "objctl --help" : "objctl " + command + " --help";
  const Failure failure{OBJ_EINVAL, "usage", complaint + " (see `" + help + "`)"};
  return {kExitUsage, "", failure_line(failure, as_json)};
}

// What CLI11 says of an unknown command is that a command is missing.
std::string complaint_of(const CLI::ParseError& stop, const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining();
  if (given_command(app).empty() && !unknown.empty()) {
    return "there is no `" + unknown.front() + "`";
  }
  return stop.what();
}

// What CLI11 ended parsing with: help and version come as exceptions too.
Reply reply_to(const CLI::ParseError& stop, const CLI::App& app, bool as_json) {
  if (stop.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success)) {
    return usage_error(complaint_of(stop, app), given_command(app), as_json);
  }
  std::ostringstream out;
  app.exit(stop, out, out);
  return {kExitOk, out.str(), ""};
}

}  // namespace

std::expected<Invocation, Reply> parse_command_line(const std::vector<std::string>& arguments) {
  // Known even if the rest cannot be parsed, so that a program's mistake is told to it as JSON.
  const bool as_json = std::ranges::find(arguments, "--json") != arguments.end();
  CLI::App app("Operate the object store of this node", "objctl");
  Invocation invocation;
  declare_global(app, invocation.global);
  const auto subcommands = all_subcommands();
  std::vector<CLI::App*> apps;
  for (const auto& subcommand : subcommands) apps.push_back(subcommand->declare(app));
  app.footer(kFooter);  // after the commands, which would inherit it

  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& stop) {
    return std::unexpected(reply_to(stop, app, as_json));
  }
  for (size_t i = 0; i < apps.size(); i++) {
    if (!apps[i]->parsed()) continue;
    auto command = subcommands[i]->command();
    if (!command)
      return std::unexpected(usage_error(command.error(), apps[i]->get_name(), as_json));
    invocation.command = std::move(*command);
  }
  return invocation;
}

}  // namespace objctl
