// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/subcommand.hh"

#include "tools/objctl/argument_types.hh"

namespace objctl {
namespace {

class Stat : public Plain<StatOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("stat", "Show what is known about objects");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl stat name:model-7\n");
    return app;
  }
};

class Rm : public Plain<RmOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("rm", "Delete objects; one that is not there is no error");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl rm name:model-6 name:model-7\n");
    return app;
  }
};

// pin and unpin.
template <class Options>
class OwnerPin : public Plain<Options> {
 public:
  OwnerPin(const char* verb, const char* description) : verb_(verb), description_(description) {}

  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand(verb_, description_);
    add_objects(*app, this->options_.objects);
    app->add_option("--owner", this->options_.owner, "On whose behalf: a name of 1 to 31 bytes")
        ->required()
        ->check(is_owner())
        ->type_name("NAME");
    add_examples(*app, "  objctl " + std::string(verb_) + " name:model-7 --owner serving\n");
    return app;
  }

 private:
  const char* verb_;
  const char* description_;
};

class Contains : public Plain<ContainsOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("contains", "Tell whether objects are here; exit code 1 if one is not");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl contains name:model-7 || objctl put model.bin --name model-7\n");
    return app;
  }
};

class Wait : public Plain<WaitOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand(
        "wait", "Wait until objects are here; prints the ids of those that are");
    add_objects(*app, options_.objects);
    app->add_option("--count", options_.count, "Until so many of them are here; otherwise all")
        ->check(is_count())
        ->type_name("COUNT");
    add_examples(*app, "  objctl wait --count 1 --timeout 60000 name:shard-1 name:shard-2\n");
    return app;
  }

  Converted command() const override {
    if (options_.count.value_or(0) > options_.objects.size()) {
      return std::unexpected("--count is more than the ids given");
    }
    return options_;
  }
};

class Status : public Plain<StatusOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("status", "Show the daemon's state: memory, who holds it, sessions");
    app->add_flag("--audit", options_.audit,
                  "Recount the ledger from the objects; exit code 1 if it disagrees");
    add_examples(*app, "  objctl status --json | jq .ledger\n");
    return app;
  }
};

class Top : public Plain<TopOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("top", "Show state and rates, refreshed in place; q ends it");
    app->add_option("-n,--frames", options_.frames_max, "End after so many frames")
        ->check(is_count())
        ->check(CLI::PositiveNumber.description(""))
        ->type_name("COUNT");
    app->add_option("-d,--delay", options_.interval_s, "Seconds between two frames; otherwise 2")
        ->check(CLI::Range(0.05, 86400.0).description(""))
        ->type_name("SECONDS");
    add_examples(*app, "  objctl top --delay 0.5\n  objctl top --json -n 60 -d 1 > minute.json\n");
    return app;
  }
};

class Completion : public Plain<CompletionOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("completion", "Print the shell's completion script");
    app->add_option("SHELL", options_.shell, "bash")
        ->required()
        ->check(CLI::IsMember({"bash"}).description(""))
        ->type_name("");
    add_examples(*app, "  eval \"$(objctl completion bash)\"\n");
    return app;
  }
};

}  // namespace

void add_objects(CLI::App& app, std::vector<ObjectName>& objects) {
  app.add_option("ID", objects, "Objects: 32 hex digits or name:NAME")
      ->required()
      ->check(is_object_name())
      ->type_name("");
}

void add_examples(CLI::App& app, const std::string& examples) {
  app.footer("Also --socket, --json and --timeout: see `objctl --help`.\n\nExamples:\n" + examples);
}

std::vector<std::unique_ptr<Subcommand>> all_subcommands() {
  std::vector<std::unique_ptr<Subcommand>> all;
  all.push_back(put_subcommand());
  all.push_back(get_subcommand());
  all.push_back(ls_subcommand());
  all.push_back(std::make_unique<Stat>());
  all.push_back(std::make_unique<Rm>());
  all.push_back(std::make_unique<OwnerPin<PinOptions>>(
      "pin", "Keep objects in memory on behalf of an owner, until unpinned or deleted"));
  all.push_back(std::make_unique<OwnerPin<UnpinOptions>>("unpin", "End the pins of an owner"));
  all.push_back(std::make_unique<Contains>());
  all.push_back(std::make_unique<Wait>());
  all.push_back(std::make_unique<Status>());
  all.push_back(std::make_unique<Top>());
  for (auto& subcommand : cluster_subcommands()) all.push_back(std::move(subcommand));
  all.push_back(std::make_unique<Completion>());
  return all;
}

}  // namespace objctl
