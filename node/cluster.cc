// SPDX-License-Identifier: Apache-2.0
#include "node/cluster.hh"

#include <sys/random.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"
#include "fabric/ucx/ucx_fabric.hh"
#include "node/directory_host.hh"
#include "node/remote/read_routes.hh"
#include "node/same_host/same_host_reads.hh"

namespace obj {
namespace {

uint64_t random_number() {
  uint64_t number = 0;
  OBJ_CHECK(::getrandom(&number, sizeof number, 0) == sizeof number);
  return number;
}

std::string sentence(const std::string& what, const Error& error) {
  return what + ": " + log::Field("", error).value;
}

// "HOST:PORT" in two. REQUIRES: it is one (tools/objd/settings.cc).
std::pair<std::string, uint32_t> split(const std::string& address) {
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return {address.substr(0, colon), port};
}

// Others are told this address, so it must lead here from there.
bool is_wildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "*" || host == "[::]" || host == "::";
}

std::string directory_listen(const ClusterConfig& config) {
  if (!config.directory_listen.empty()) return config.directory_listen;
  const auto [host, port] = split(config.listen);
  return host + ":" + std::to_string(port == 0 ? 0 : port + 1);
}

// The same after a restart, if the port is.
uint32_t id_for(const ClusterConfig& config) {
  if (config.node_id != 0) return config.node_id;
  const bool is_fixed = split(config.listen).second != 0;
  const uint64_t number = is_fixed ? hash(object_id_from_name(config.listen), 0) : random_number();
  return static_cast<uint32_t>(number >> 32) | 1;
}

// What the node's own and the directory's network have in common.
UcxFabricOptions fabric_options(const ClusterConfig& config) {
  UcxFabricOptions options;
  options.secret = config.secret;
  options.heartbeat_period_ms = config.heartbeat_ms;
  options.transport.net_devices = config.net_devices;
  return options;
}

}  // namespace

class Cluster::Impl {
 public:
  Impl(std::unique_ptr<DirectoryThread> directory_thread, std::unique_ptr<UcxFabric> fabric,
       const ClusterParts& parts, const RemoteOptions& options, bool same_host, Reactor& reactor)
      : directory_thread_(std::move(directory_thread)),
        objects_({.store = parts.store,
                  .admission = parts.admission,
                  .pins = parts.pins,
                  .arena = parts.arena,
                  .to_directory = fabric->transport(Service::kDirectory),
                  .to_nodes = fabric->transport(Service::kNode),
                  .news = parts.news},
                 options, monotonic_ns()),
        same_host_({.messages = fabric->transport(Service::kSameHost),
                    .identity = [from = fabric.get()](PeerId peer) { return from->identity(peer); },
                    .completions = objects_.read_completions(),
                    .memory = parts.memory,
                    .reactor = reactor},
                   {.is_on = same_host, .seed = options.seed}),
        fabric_(std::move(fabric)),
        self_(options.directory.node.node),
        directory_address_(options.directory.link.address) {
    if (parts.storage != nullptr) objects_.set_storage(*parts.storage);
    fabric_->attach(Service::kDirectory, objects_.directory_handler());
    fabric_->attach(Service::kNode, objects_.node_handler());
    fabric_->attach(Service::kSameHost, same_host_);
  }

  void set_reads(std::unique_ptr<DataPlane> between_hosts) {
    between_hosts_ = std::move(between_hosts);
    routes_.emplace(std::vector<ReadPlane*>{&same_host_}, between_hosts_->transport());
    objects_.attach(*routes_);
  }

  void set_pull_bandwidth(const PullBandwidth& bandwidth) {
    const uint64_t now_ns = monotonic_ns();
    PullManager& pulls = objects_.pulls();
    pulls.set_pull_bandwidth(bandwidth.all, now_ns);
    for (const PullClass pull_class : kAllPullClasses) {
      pulls.set_pull_bandwidth(pull_class, bandwidth.of_class[pull_class], now_ns);
    }
  }

  std::unique_ptr<DirectoryThread> directory_thread_;
  RemoteObjects objects_;
  std::unique_ptr<DataPlane> between_hosts_;  // set by start()
  SameHostReads same_host_;
  std::optional<ReadRoutes> routes_;   // the two, the best first
  std::unique_ptr<UcxFabric> fabric_;  // ends before what it calls
  const SourceNode self_;
  const std::string directory_address_;
};

std::expected<std::unique_ptr<Cluster>, std::string> Cluster::start(const ClusterConfig& config,
                                                                    uint64_t incarnation,
                                                                    const ClusterParts& parts,
                                                                    Reactor& reactor) {
  if (is_wildcard(split(config.listen).first)) {
    return std::unexpected("listen = " + config.listen +
                           ": name the address at which other nodes reach this one");
  }
  std::unique_ptr<DirectoryThread> directory_thread;
  if (config.directory.empty()) {
    DirectoryHostOptions host;
    host.fabric = fabric_options(config);
    host.fabric.listen = directory_listen(config);
    auto started = DirectoryThread::start(host);
    if (!started) return std::unexpected(started.error());
    directory_thread = std::move(*started);
  }

  const SourceNode self{id_for(config), incarnation};
  UcxFabricOptions own = fabric_options(config);
  own.listen = config.listen;
  own.self = self;
  auto fabric = UcxFabric::create(own);
  if (!fabric) {
    return std::unexpected(sentence("cannot listen on " + config.listen, fabric.error()));
  }

  RemoteOptions options;
  options.pull = config.pull;
  options.seed = random_number();
  options.directory.link.address =
      directory_thread ? directory_thread->address() : config.directory;
  options.directory.node = {.node = self,
                            .address = (*fabric)->listen_address(),
                            .arena_bytes = parts.arena.size(),
                            .arena_info = {}};
  // Who names a transport wants that one.
  const bool same_host = config.same_host && config.transport == Transport::kAuto;
  auto impl = std::make_unique<Impl>(std::move(directory_thread), std::move(*fabric), parts,
                                     options, same_host, reactor);
  auto between_hosts = DataPlane::create(config,
                                         {.fabric = *impl->fabric_,
                                          .source = impl->objects_.read_source(),
                                          .completions = impl->objects_.read_completions(),
                                          .arena = parts.arena,
                                          .table = parts.table},
                                         options.seed);
  if (!between_hosts) return std::unexpected(between_hosts.error());
  impl->set_reads(std::move(*between_hosts));
  auto added = reactor.add(*impl->fabric_);
  if (added) added = impl->between_hosts_->add_to(reactor);
  if (added) added = reactor.add(impl->same_host_);
  if (!added) return std::unexpected(sentence("reactor", added.error()));
  // Objects come from elsewhere then.
  if (const auto started = impl->same_host_.start(); !started) {
    log::warn("same_host_off", {{"error", started.error()}});
  }
  impl->set_pull_bandwidth(config.pull_bandwidth);
  log::info("cluster_ready", {{"node", self.node},
                              {"incarnation", self.incarnation},
                              {"address", impl->fabric_->listen_address()},
                              {"directory", impl->directory_address_},
                              {"directory_embedded", impl->directory_thread_ != nullptr},
                              {"transport", impl->between_hosts_->text()},
                              {"secret", config.secret.empty() ? "none" : "yes"}});
  return std::unique_ptr<Cluster>(new Cluster(std::move(impl)));
}

void Cluster::set_pull_bandwidth(const PullBandwidth& bandwidth) {
  impl_->set_pull_bandwidth(bandwidth);
}

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cluster::~Cluster() = default;

Elsewhere& Cluster::elsewhere() { return impl_->objects_; }
RemoteObjects& Cluster::objects() { return impl_->objects_; }

void Cluster::step(uint64_t now_ns) {
  impl_->fabric_->step(now_ns);
  impl_->between_hosts_->step(now_ns);
  impl_->same_host_.step(now_ns);
  impl_->objects_.step(now_ns);
}

uint64_t Cluster::next_step_ns() {
  return std::min({impl_->fabric_->next_step_ns(), impl_->between_hosts_->next_step_ns(),
                   impl_->same_host_.next_step_ns(), impl_->objects_.next_step_ns()});
}

void Cluster::stop(uint64_t now_ns) { impl_->objects_.stop(now_ns); }
size_t Cluster::reads_in_flight() const { return impl_->objects_.reads_in_flight(); }

SourceNode Cluster::self() const { return impl_->self_; }
const std::string& Cluster::address() const { return impl_->fabric_->listen_address(); }
const std::string& Cluster::directory_address() const { return impl_->directory_address_; }
bool Cluster::has_directory() const { return impl_->directory_thread_ != nullptr; }
std::string Cluster::transport_text() const { return impl_->between_hosts_->text(); }
SameHostCounts Cluster::same_host() const { return impl_->same_host_.counts(); }
std::vector<ReadPath> Cluster::read_paths() const { return impl_->between_hosts_->paths(); }

}  // namespace obj
