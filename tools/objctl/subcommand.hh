// SPDX-License-Identifier: Apache-2.0
// tools/objctl/subcommand.hh -- one command's arguments, declared to CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "tools/objctl/invocation.hh"

namespace objctl {

using Converted = std::expected<Command, std::string>;

// One command: where CLI11 stores its arguments, and what to make of them.
class Subcommand {
 public:
  virtual ~Subcommand() = default;

  // Adds the command to `app`, which stores into this object while it parses.
  virtual CLI::App* declare(CLI::App& app) = 0;
  // After parsing, if the command was given: its options, or what is wrong with them together.
  virtual Converted command() const = 0;
};

// A command whose options need no second look.
template <class Options>
class Plain : public Subcommand {
 public:
  Converted command() const override { return options_; }

 protected:
  Options options_;
};

// Ends the help of a command. `examples`: lines that begin with two spaces.
void add_examples(CLI::App& app, const std::string& examples);

// Those with more arguments than fit into one file.
std::unique_ptr<Subcommand> put_subcommand();
std::unique_ptr<Subcommand> get_subcommand();
std::unique_ptr<Subcommand> ls_subcommand();

// Those that are about other nodes, and the examination of this one.
std::vector<std::unique_ptr<Subcommand>> cluster_subcommands();

// The option that names objects, one or more, in `objects`.
void add_objects(CLI::App& app, std::vector<ObjectName>& objects);

// All of them, in the order of the help text.
std::vector<std::unique_ptr<Subcommand>> all_subcommands();

}  // namespace objctl
