#include "weft/rpc/client/forward.h"

#include <utility>

namespace weft::rpc {
namespace {

/// The call that is made of another service, for the one that is served.
class ForwardedCall final : public Call {
 public:
  explicit ForwardedCall(Call& served)
      : Call(Side::Client, served.loop(), served.path(), served.method(), &served.context()),
        served_(served) {
    take_metadata(std::as_const(served).request_metadata());
    // The messages pass as they are.
    if (served.codec() != nullptr) set_codec(codec::borrowed(*served.codec()));
    set_max_receive_size(served.max_send_size());
    set_requests(served.requests());
    set_responses(served.responses());
    set_on_response_metadata(
        [](Call& call) noexcept { static_cast<ForwardedCall&>(call).give_response_metadata(); });
  }

  /// After the call.
  void give_trailers() {
    if (!std::as_const(*this).trailers().empty()) served_.trailers() = std::move(trailers());
  }

 private:
  /// But for what a channel sets itself.
  void take_metadata(const Metadata& metadata) {
    for (const Metadata::Entry entry : metadata) {
      if (Metadata::may_be_sent(entry.name)) request_metadata().add(entry.name, entry.value);
    }
  }
  void give_response_metadata() {
    if (!std::as_const(*this).response_metadata().empty()) {
      served_.response_metadata() = std::move(response_metadata());
    }
    served_.announce_response_metadata();
  }

  Call& served_;
};

}  // namespace

Task<Status> forward(Call& call, Service& to) {
  ForwardedCall forwarded(call);
  Status status = co_await to.serve(forwarded).in(forwarded.context());
  forwarded.give_trailers();
  co_return status;
}

}  // namespace weft::rpc
