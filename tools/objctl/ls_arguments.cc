// SPDX-License-Identifier: Apache-2.0
// tools/objctl/ls_arguments.cc -- the arguments of ls.
#include <algorithm>
#include <cctype>
#include <map>

#include "tools/objctl/argument_types.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/subcommand.hh"

namespace objctl {
namespace {

class Ls : public Subcommand {
 public:
  CLI::App* declare(CLI::App& root) override {
    CLI::App* const app = root.add_subcommand("ls", "List the objects on this node");
    app->add_option("PREFIX", prefix_, "Only ids that begin with these hex digits")
        ->check(is_hex())
        ->type_name("");
    ListingColumns& columns = options_.columns;
    app->add_flag("-l,--long", columns.is_long, "All that is known, with pins and views");
    app->add_flag("-b,--bytes", columns.exact_sizes, "Exact sizes");
    app->add_flag("-q,--quiet", columns.ids_only, "Only the ids");
    app->add_option("--state", states_,
                    "Only objects that are creating, sealed or leaving; a list with commas")
        ->check(CLI::IsMember({"creating", "sealed", "leaving"}).description(""))
        ->delimiter(',')
        ->type_name("STATE");
    app->add_option("--min-size", min_size_, "Only objects with at least this much data, e.g. 64M")
        ->check(is_size())
        ->type_name("SIZE");
    app->add_option("--sort", key_, "By id (default), size, state or none, which is quickest")
        ->check(CLI::IsMember({"id", "size", "state", "none"}).description(""))
        ->type_name("KEY");
    app->add_flag("-r,--reverse", options_.order.is_reversed, "The other way round");
    app->add_option("--limit", options_.limit, "At most so many")
        ->check(is_count())
        ->type_name("COUNT");
    add_examples(*app,
                 "  objctl ls --sort size --reverse --limit 20\n"
                 "  objctl ls --quiet --state sealed --min-size 1G | xargs -r objctl rm\n");
    return app;
  }

  Converted command() const override {
    LsOptions options = options_;
    options.order.key = kKeys.at(key_);
    options.filter.id_prefix = prefix_;
    std::ranges::transform(options.filter.id_prefix, options.filter.id_prefix.begin(),
                           [](unsigned char digit) { return std::tolower(digit); });
    for (const std::string& state : states_) {
      options.filter.states.push_back(state_from(state).value_or(0));
    }
    if (!min_size_.empty()) options.filter.size_bytes_min = parse_size(min_size_).value_or(0);
    return options;
  }

 private:
  using Key = ListingOrder::Key;
  inline static const std::map<std::string, Key> kKeys = {
      {"id", Key::kId}, {"size", Key::kSize}, {"state", Key::kState}, {"none", Key::kNone}};

  LsOptions options_;
  std::string prefix_;
  std::vector<std::string> states_;
  std::string min_size_;
  std::string key_ = "id";
};

}  // namespace

std::unique_ptr<Subcommand> ls_subcommand() { return std::make_unique<Ls>(); }

}  // namespace objctl
