// SPDX-License-Identifier: Apache-2.0
#include "node/data_plane.hh"

#include <algorithm>
#include <utility>

#include "base/log.hh"
#include "fabric/ucx/ucx_reads.hh"
#include "fabric/verbs/device_list.hh"
#include "fabric/verbs/fallback_reads.hh"
#include "fabric/verbs/verbs_reads.hh"
#include "fabric/verbs/verbs_refusal.hh"
#include "node/remote/readable_memory.hh"

namespace obj {
namespace {

VerbsReadsOptions verbs_options(const ClusterConfig& config, const std::string& address,
                                uint64_t seed) {
  VerbsReadsOptions options;
  options.devices = config.rdma_device;
  options.address = address;
  options.adapter.traffic_class = config.rdma_traffic_class;
  options.seed = seed;
  return options;
}

}  // namespace

class DataPlane::Impl {
 public:
  Impl(const ClusterConfig& config, const DataPlaneParts& parts, uint64_t seed)
      : transport_(config.transport),
        memory_(parts.arena, parts.table),
        fallback_(parts.completions),
        ucx_(parts.fabric, parts.source, parts.completions,
             {.asker = {}, .answerer = {}, .seed = seed}) {}

  std::expected<void, std::string> start_verbs(const ClusterConfig& config,
                                               const DataPlaneParts& parts, uint64_t seed) {
    const bool may_fall_back = transport_ == Transport::kAuto;
    UcxFabric& fabric = parts.fabric;
    ReadCompletions& completions =
        may_fall_back ? static_cast<ReadCompletions&>(fallback_) : parts.completions;
    auto verbs = VerbsReads::create(
        verbs_options(config, fabric.listen_address(), seed), fabric.transport(Service::kVerbs),
        [&fabric](PeerId peer) { return fabric.identity(peer); }, memory_, completions);
    if (!verbs) return std::unexpected(verbs.error());
    verbs_ = std::move(*verbs);
    const verbs::Reader& reader = verbs_->reader();
    fallback_.attach(
        verbs_->transport(), [&reader](SourceNode node) { return reader.path_state(node); },
        ucx_.transport());
    fabric.attach(Service::kVerbs, *verbs_);
    return {};
  }

  // Other nodes are told why this one cannot be read over verbs.
  void refuse_verbs(UcxFabric& fabric, const std::string& why) {
    why_not_ = why;
    refusal_ = std::make_unique<VerbsRefusal>(fabric.transport(Service::kVerbs), why);
    fabric.attach(Service::kVerbs, *refusal_);
  }

  ReadPath path_of(const verbs::PathReport& report) const {
    const char* const other = transport_ == Transport::kAuto ? "ucx" : "none";
    switch (report.state) {
      case verbs::PathState::kUp: return {report.node, "verbs", report.text};
      case verbs::PathState::kConnecting: return {report.node, "connecting", report.text};
      case verbs::PathState::kDown: break;
    }
    return {report.node, other, "no verbs: " + report.text};
  }

  const Transport transport_;
  ReadableMemory memory_;
  verbs::FallbackReads fallback_;
  UcxReads ucx_;
  std::unique_ptr<VerbsReads> verbs_;      // null: not used
  std::unique_ptr<VerbsRefusal> refusal_;  // then
  std::string why_not_;
};

std::expected<std::unique_ptr<DataPlane>, std::string> DataPlane::create(
    const ClusterConfig& config, const DataPlaneParts& parts, uint64_t seed) {
  auto impl = std::make_unique<Impl>(config, parts, seed);
  if (config.transport == Transport::kUcx) {
    impl->refuse_verbs(parts.fabric, "transport = ucx is set on this node");
    impl->why_not_.clear();
  } else if (const auto started = impl->start_verbs(config, parts, seed); !started) {
    const std::string& why = started.error();
    if (config.transport == Transport::kVerbs) {
      return std::unexpected("transport = verbs: " + why +
                             "; with transport = auto reads go over UCX where verbs cannot be "
                             "used");
    }
    // A machine without any device is what most developers have: nothing was lost there.
    const bool is_downgrade = !config.rdma_device.empty() || !verbs::list_devices().empty();
    const log::Level level = is_downgrade ? log::Level::kWarn : log::Level::kInfo;
    log::write(level, is_downgrade ? "transport_downgrade" : "transport",
               {{"to", "ucx"}, {"why", why}});
    impl->refuse_verbs(parts.fabric, why);
  }
  return std::unique_ptr<DataPlane>(new DataPlane(std::move(impl)));
}

DataPlane::DataPlane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DataPlane::~DataPlane() = default;

Result<void> DataPlane::add_to(Reactor& reactor) {
  if (impl_->verbs_ != nullptr) {
    const auto added = impl_->verbs_->add_to(reactor);
    if (!added) return added;
  }
  return reactor.add(impl_->ucx_);
}

ReadTransport& DataPlane::transport() {
  if (impl_->verbs_ == nullptr) return impl_->ucx_.transport();
  if (impl_->transport_ == Transport::kAuto) return impl_->fallback_;
  return impl_->verbs_->transport();
}

void DataPlane::step(uint64_t now_ns) {
  impl_->ucx_.step(now_ns);
  if (impl_->verbs_ != nullptr) impl_->verbs_->step(now_ns);
}

uint64_t DataPlane::next_step_ns() const {
  const uint64_t ucx_ns = impl_->ucx_.next_step_ns();
  return impl_->verbs_ == nullptr ? ucx_ns : std::min(ucx_ns, impl_->verbs_->next_step_ns());
}

std::string DataPlane::text() const {
  if (impl_->verbs_ == nullptr) {
    return impl_->why_not_.empty() ? "ucx" : "ucx (auto: " + impl_->why_not_ + ")";
  }
  if (!impl_->verbs_->has_port()) {
    const std::string gone = impl_->verbs_->ports_text();
    return impl_->transport_ == Transport::kAuto ? "ucx (auto: verbs had " + gone + ")"
                                                 : "none: verbs had " + gone;
  }
  std::string text = "verbs over " + impl_->verbs_->ports_text();
  if (impl_->transport_ != Transport::kAuto) return text;
  const auto all = paths();
  const auto over_ucx = std::ranges::count(all, "ucx", &ReadPath::transport);
  if (over_ucx > 0) text += "; " + std::to_string(over_ucx) + " nodes over ucx";
  return text;
}

std::vector<ReadPath> DataPlane::paths() const {
  std::vector<ReadPath> all;
  if (impl_->verbs_ == nullptr) return all;
  for (const verbs::PathReport& report : impl_->verbs_->reader().paths()) {
    all.push_back(impl_->path_of(report));
  }
  return all;
}

}  // namespace obj
