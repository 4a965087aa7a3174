// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/worker.hh"

#include "fabric/ucx/status.hh"

namespace obj::ucx {

Result<std::unique_ptr<Worker>> Worker::create(const TransportChoice& choice, FrameSink& sink) {
  OBJ_TRY(const ConfigHandle config, read_config(choice));

  ucp_params_t context_params{};
  context_params.field_mask = UCP_PARAM_FIELD_FEATURES | UCP_PARAM_FIELD_NAME;
  context_params.features = UCP_FEATURE_AM | UCP_FEATURE_WAKEUP;
  context_params.name = "objd";
  ucp_context_h context = nullptr;
  ucs_status_t status = ::ucp_init(&context_params, config.get(), &context);
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_init"));
  ContextHandle owned_context(context, &::ucp_cleanup);

  ucp_worker_params_t worker_params{};
  worker_params.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
  worker_params.thread_mode = UCS_THREAD_MODE_SINGLE;
  ucp_worker_h worker = nullptr;
  status = ::ucp_worker_create(context, &worker_params, &worker);
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_worker_create"));
  WorkerHandle owned_worker(worker, &::ucp_worker_destroy);

  std::unique_ptr<Worker> created(
      new Worker(std::move(owned_context), std::move(owned_worker), sink));
  if (const auto attached = created->attach(); !attached) {
    return std::unexpected(attached.error());
  }
  return created;
}

Result<void> Worker::attach() {
  ucp_am_handler_param_t handler{};
  handler.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_FLAGS |
                       UCP_AM_HANDLER_PARAM_FIELD_CB | UCP_AM_HANDLER_PARAM_FIELD_ARG;
  handler.id = kFrameMessageId;
  handler.flags = UCP_AM_FLAG_WHOLE_MSG;
  handler.cb = &Worker::on_active_message;
  handler.arg = this;
  ucs_status_t status = ::ucp_worker_set_am_recv_handler(worker_.get(), &handler);
  if (status != UCS_OK) {
    return std::unexpected(error_of_call(status, "ucp_worker_set_am_recv_handler"));
  }
  status = ::ucp_worker_get_efd(worker_.get(), &fd_);
  if (status != UCS_OK) return std::unexpected(error_of_call(status, "ucp_worker_get_efd"));
  return {};
}

ucs_status_t Worker::on_active_message(void* self, const void* header, size_t header_bytes,
                                       void* data, size_t data_bytes,
                                       const ucp_am_recv_param_t* param) {
  const bool is_rendezvous = (param->recv_attr & UCP_AM_RECV_ATTR_FLAG_RNDV) != 0;
  const bool is_named = (param->recv_attr & UCP_AM_RECV_ATTR_FIELD_REPLY_EP) != 0;
  const auto* const bytes = static_cast<const std::byte*>(data);
  static_cast<Worker*>(self)->sink_.on_frame({
      .from = is_named ? param->reply_ep : nullptr,
      .header = {static_cast<const std::byte*>(header), header_bytes},
      .payload = is_rendezvous ? std::span<const std::byte>() : std::span(bytes, data_bytes),
      .rendezvous = is_rendezvous ? data : nullptr,
      .payload_bytes = data_bytes,
  });
  return UCS_OK;
}

}  // namespace obj::ucx
