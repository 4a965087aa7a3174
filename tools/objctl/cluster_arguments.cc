// SPDX-License-Identifier: Apache-2.0
// tools/objctl/cluster_arguments.cc -- the arguments of nodes, where, transfers, prefetch, push,
// spill, restore, spill-status and doctor.
#include "tools/objctl/argument_types.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/subcommand.hh"

namespace objctl {
namespace {

class Nodes : public Plain<NodesOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("nodes", "Show the nodes of the cluster");
    add_examples(*app, "  objctl nodes --json | jq '.nodes[] | select(.status == \"dead\")'\n");
    return app;
  }
};

class Where : public Plain<WhereOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand(
        "where", "Show which nodes have objects; exit code 1 if no node has one of them");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl where name:model-7\n");
    return app;
  }
};

class Transfers : public Plain<TransfersOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("transfers", "Show the objects that are on their way to this node");
    auto* const watch =
        app->add_flag("-w,--watch", options_.watch, "Refresh it in place; q ends it");
    app->add_option("-n,--frames", options_.frames_max, "End after so many frames")
        ->check(is_count())
        ->check(CLI::PositiveNumber.description(""))
        ->needs(watch)
        ->type_name("COUNT");
    app->add_option("-d,--delay", options_.interval_s, "Seconds between two frames; otherwise 1")
        ->check(CLI::Range(0.05, 86400.0).description(""))
        ->needs(watch)
        ->type_name("SECONDS");
    add_examples(*app, "  objctl transfers --watch\n");
    return app;
  }
};

class Prefetch : public Plain<PrefetchOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand(
        "prefetch", "Have objects of other nodes brought here; does not wait for them");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl prefetch name:shard-1 name:shard-2\n");
    return app;
  }
};

class Push : public Plain<PushOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("push", "Have another node bring objects to itself");
    add_objects(*app, options_.objects);
    app->add_option("--node", options_.node, "Number of the node, as `objctl nodes` shows it")
        ->required()
        ->check(is_node())
        ->type_name("NODE");
    add_examples(*app, "  objctl push name:model-7 --node 3\n");
    return app;
  }
};

class Spill : public Plain<SpillOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("spill", "Write objects to storage now; returns when they are safe");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl spill name:checkpoint-9\n");
    return app;
  }
};

class Restore : public Plain<RestoreOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("restore", "Bring objects back from storage into memory");
    add_objects(*app, options_.objects);
    add_examples(*app, "  objctl restore name:shard-1 name:shard-2 --timeout 60000\n");
    return app;
  }
};

class SpillStatus : public Plain<SpillStatusOptions> {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app =
        root.add_subcommand("spill-status", "Show storage: what is in it, and each directory");
    add_examples(*app, "  objctl spill-status --json | jq .only_in_storage\n");
    return app;
  }
};

class Doctor : public Subcommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand(
        "doctor", "Examine this machine and its objd; exit code 1 if there is a problem");
    app->add_option("--memory", memory_, "Judge for an arena of this size, not the running one's")
        ->check(is_size())
        ->type_name("SIZE");
    app->add_option("--listen", options_.listen, "Where an objd that is not running shall listen")
        ->check(is_address())
        ->type_name("HOST:PORT");
    app->add_option("--directory", options_.directory, "The directory that it shall find there")
        ->check(is_address())
        ->type_name("HOST:PORT");
    add_examples(*app,
                 "  objctl doctor\n"
                 "  objctl doctor --memory 64G --listen 10.0.0.7:7461 --directory 10.0.0.1:7462\n");
    return app;
  }

  Converted command() const override {
    DoctorOptions options = options_;
    if (!memory_.empty()) options.memory_bytes = parse_size(memory_);
    return options;
  }

 private:
  DoctorOptions options_;
  std::string memory_;
};

}  // namespace

std::vector<std::unique_ptr<Subcommand>> cluster_subcommands() {
  std::vector<std::unique_ptr<Subcommand>> all;
  all.push_back(std::make_unique<Nodes>());
  all.push_back(std::make_unique<Where>());
  all.push_back(std::make_unique<Transfers>());
  all.push_back(std::make_unique<Prefetch>());
  all.push_back(std::make_unique<Push>());
  all.push_back(std::make_unique<Spill>());
  all.push_back(std::make_unique<Restore>());
  all.push_back(std::make_unique<SpillStatus>());
  all.push_back(std::make_unique<Doctor>());
  return all;
}

}  // namespace objctl
