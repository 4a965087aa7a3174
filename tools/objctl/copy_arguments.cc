// SPDX-License-Identifier: Apache-2.0
// tools/objctl/copy_arguments.cc -- the arguments of put and get.
#include "tools/objctl/argument_types.hh"
#include "tools/objctl/subcommand.hh"

namespace objctl {
namespace {

constexpr const char* kNoProgress = "Show no progress bar";

class Put : public Subcommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("put", "Store a file as an object; prints its id");
    app->add_option("FILE", options_.file, "What to store; - is standard input")
        ->required()
        ->check(is_not_empty())
        ->type_name("");
    CLI::Option* const id = app->add_option("--id", object_, "Its id; otherwise a random one")
                                ->check(is_object_name())
                                ->type_name("ID");
    app->add_option("--name", name_, "Its name, from which the id follows")
        ->check(is_not_empty())
        ->type_name("NAME")
        ->excludes(id);
    app->add_option("--metadata", options_.metadata, "Text to keep beside the data, or @FILE")
        ->type_name("TEXT|@FILE");
    app->add_flag("--no-progress", options_.no_progress, kNoProgress);
    add_examples(*app,
                 "  objctl put model.bin --name model-7\n"
                 "  tar c data | objctl put - --metadata '{\"kind\":\"tar\"}'\n");
    return app;
  }

  Converted command() const override {
    PutOptions options = options_;
    if (!object_.spelling.empty()) options.object = object_;
    if (!name_.empty()) options.object = object_named(name_);
    return options;
  }

 private:
  PutOptions options_;
  ObjectName object_;
  std::string name_;
};

class Get : public Subcommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("get", "Write an object to a file");
    app->add_option("ID", first_, "The object: 32 hex digits or name:NAME")->type_name("");
    app->add_option("FILE", second_, "Where to; - or nothing is standard output")->type_name("");
    app->add_option("--name", name_, "The object's name, instead of ID")
        ->check(is_not_empty())
        ->type_name("NAME");
    app->add_flag("--metadata", options_.metadata_only, "Write the metadata instead of the data");
    app->add_flag("--sync", options_.sync, "Return when the file is safe on disk");
    app->add_flag("--no-progress", options_.no_progress, kNoProgress);
    add_examples(*app,
                 "  objctl get name:model-7 model.bin\n"
                 "  objctl get --name model-7 --timeout 5000 - | sha256sum\n");
    return app;
  }

  // With --name the only positional argument is the file.
  Converted command() const override {
    GetOptions options = options_;
    if (!name_.empty()) {
      if (!second_.empty()) return std::unexpected("with --name only one FILE may follow");
      options.object = object_named(name_);
      options.file = first_;
      return options;
    }
    if (first_.empty()) return std::unexpected("an ID or --name is required");
    const auto object = object_name_from(first_);
    if (!object) {
      return std::unexpected("ID: `" + first_ + "` is neither 32 hex digits nor name:NAME");
    }
    options.object = *object;
    options.file = second_;
    return options;
  }

 private:
  GetOptions options_;
  std::string first_;
  std::string second_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Subcommand> put_subcommand() { return std::make_unique<Put>(); }
std::unique_ptr<Subcommand> get_subcommand() { return std::make_unique<Get>(); }

}  // namespace objctl
