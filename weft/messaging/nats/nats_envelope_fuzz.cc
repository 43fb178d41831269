#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/messaging/nats/internal/envelope.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/server/dispatcher.h"

namespace {

using namespace weft;

void check(bool holds) {
  if (!holds) std::abort();
}

/// What is taken keeps to its limits.
void read_as_request(std::string_view headers) {
  const rpc::Dispatcher dispatcher;
  const Result<nats::RequestHead> head = nats::read_request(headers, dispatcher);
  if (!head.ok()) {
    check(!head.status().message().empty());
    return;
  }
  const std::size_t limit = dispatcher.rules().max_metadata_size;
  check(head->metadata.wire_size() <= limit);
  check(head->timeout >= Duration::zero());
}

void read_as_reply(net::Loop& loop, std::string_view headers) {
  const nats::ClientRules rules{.accepted = CompressionSet::all(), .max_metadata_size = 1000};
  Call call(Call::Side::Client, loop, "/a.B/C", nullptr, nullptr);
  const nats::ReplyHead head = nats::read_reply(headers, rules, call);
  check(call.response_metadata().wire_size() <= 1000);
  check(call.trailers().wire_size() <= 1000);
  const Metadata none;
  const std::string again =
      nats::reply_headers(head.status, "proto", Compression::Identity, none, none);
  Call other(Call::Side::Client, loop, "/a.B/C", nullptr, nullptr);
  const Status status = nats::read_reply(again, rules, other).status;
  check(status.code() == head.status.code());
  check(head.status.message().starts_with(status.message()));
}

}  // namespace

// Whatever headers come, there is an answer, within the limits; a status is read as it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static net::SimNetwork network(1);
  const std::string_view headers(reinterpret_cast<const char*>(data), size);
  read_as_request(headers);
  read_as_reply(network.host("client"), headers);
  return 0;
}
