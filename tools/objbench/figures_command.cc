// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/figures_command.hh"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tools/objbench/build_kind.hh"
#include "tools/objbench/daemon_binary.hh"
#include "tools/objbench/figure_output.hh"
#include "tools/objbench/figure_registry.hh"
#include "tools/objbench/machine.hh"
#include "tools/objbench/temporary_directory.hh"

namespace objbench {
namespace {

constexpr int kUsageError = 2;
// For one run of one figure, the slowest of which takes some ten seconds on a quiet machine.
constexpr uint32_t kDeadlineS = 300;

int refuse(const std::string& sentence) {
  fmt::print(stderr, "objbench: {}\n", sentence);
  return kUsageError;
}

Outcome<std::vector<const Figure*>> choose(const std::vector<std::string>& names) {
  std::vector<const Figure*> chosen;
  for (const std::string& name : names) {
    const Figure* const figure = find_figure(name);
    if (figure == nullptr) {
      return std::unexpected("there is no figure '" + name +
                             "'; `objbench figures --list` has all");
    }
    chosen.push_back(figure);
  }
  if (names.empty()) {
    for (const Figure& figure : figures()) chosen.push_back(&figure);
  }
  return chosen;
}

std::string packed(const Measurement& run) {
  nlohmann::json json{{"value", run.value}, {"samples", run.samples}, {"note", run.note}};
  if (run.yardstick) json["yardstick"] = *run.yardstick;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Measurement unpacked(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  Measurement run{json["value"], {}, json["samples"], json["note"]};
  if (json.contains("yardstick")) run.yardstick = json["yardstick"].get<double>();
  return run;
}

Outcome<Measurement> run_once(const Figure& figure, const Surroundings& surroundings,
                              Supervisor& supervisor) {
  OBJBENCH_TRY(const std::string text, supervisor.run(
                                           [&]() -> Outcome<std::string> {
                                             OBJBENCH_TRY(const Measurement run,
                                                          figure.measure(surroundings));
                                             return packed(run);
                                           },
                                           kDeadlineS));
  return unpacked(text);
}

FigureResult measure(const Figure& figure, uint32_t repeat, const Surroundings& surroundings,
                     Supervisor& supervisor) {
  if (figure.measure == nullptr) return not_measured(figure, figure.missing);
  std::vector<Measurement> runs;
  while (runs.size() < repeat) {
    const auto run = run_once(figure, surroundings, supervisor);
    if (!run) return not_measured(figure, run.error());
    runs.push_back(*run);
  }
  return judge(figure, runs);
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int run_figures(const FiguresOptions& options, Supervisor& supervisor) {
  const auto chosen = choose(options.names);
  if (!chosen) return refuse(chosen.error());
  if (options.list) {
    for (const Figure* figure : *chosen) print(list_of({figure, 1}));
    return 0;
  }
  if (const auto reason = build_refusal()) return refuse(*reason);
  const auto objd = find_daemon_binary(options.objd);
  if (!objd) return refuse(objd.error());
  const auto directory = TemporaryDirectory::create();
  if (!directory) return refuse(directory.error());
  const Surroundings surroundings{directory->path(), *objd, options.rdma_device};

  // On standard error in JSON, whose lines on standard output are figures and nothing else.
  fmt::print(options.as_json ? stderr : stdout, "{}\n", machine_text(*objd));
  if (!options.as_json) print(table_head());
  for (const Figure* figure : *chosen) {
    const FigureResult result = measure(*figure, options.repeat, surroundings, supervisor);
    if (supervisor.interrupted_by()) break;
    print(options.as_json ? json_of(result) : text_of(result));
  }
  return 0;
}

}  // namespace objbench
