#include "tests/interop/client/client_case.h"

namespace weft::interop {
namespace {

Task<Status> add_metadata(Call& call, Next next, const Metadata& metadata) {
  for (const Metadata::Entry entry : metadata) call.request_metadata().add(entry.name, entry.value);
  return next(call);
}

}  // namespace

std::unique_ptr<Channel> Session::make_channel() {
  ChannelOptions options;
  options.authority = options_.authority;
  options.tls = options_.tls;
  auto channel = std::make_unique<Channel>(options_.target, options);
  channel->use(
      [this](Call& call, Next next) { return add_metadata(call, next, options_.metadata); });
  channel->use(
      [this](Call& call, Next next) { return observe_responses(call, next, compressed_); });
  return channel;
}

}  // namespace weft::interop
