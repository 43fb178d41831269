#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/function.h"
#include "weft/base/intrusive_list.h"
#include "weft/messaging/nats/internal/link/broker_link.h"
#include "weft/messaging/nats/internal/server/micro_services.h"
#include "weft/messaging/nats/internal/server/served_call.h"
#include "weft/messaging/nats/internal/setup.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::nats {

/// What a server serves over the broker on one of its loops: a connection with subscriptions in the
/// queue group, and the calls under way. Used on that loop's thread.
///
/// It drains in steps: it unsubscribes, and serves what the broker has sent by then; once no call
/// is left and the broker has taken their replies, it is idle.
class ServerPart final : public std::enable_shared_from_this<ServerPart>,
                         private LinkOwner,
                         private net::LoopEndHook {
 public:
  ServerPart(net::Loop& loop, std::shared_ptr<const Setup> setup,
             std::shared_ptr<rpc::Dispatcher> dispatcher);
  ServerPart(const ServerPart&) = delete;
  ServerPart& operator=(const ServerPart&) = delete;
  ~ServerPart();

  /// From any thread.
  net::Loop& loop() const noexcept { return loop_; }

  void open();
  /// `idle` is called once, in a turn of its own.
  void drain(UniqueFunction<void()> idle);
  void cancel_all(const Status& reason) noexcept;
  std::string describe_calls();

  // For its calls.
  rpc::Dispatcher& dispatcher() const noexcept { return *dispatcher_; }
  const Setup& setup() const noexcept { return *setup_; }
  const Peer::Ref& peer() const noexcept { return peer_; }
  void call_began(ServedCall& call);
  /// `held`: what hold() was given for the call.
  void call_ended(std::size_t held) noexcept;
  /// Counts bytes of a request; RESOURCE_EXHAUSTED where there is no room for them.
  Status hold(std::size_t bytes);
  /// A call of a method that there is has ended.
  void count(const MethodDescriptor& method, Duration took, const Status& status) {
    if (micro_) micro_->count(method, took, status);
  }
  /// RESOURCE_EXHAUSTED where the broker does not take so many bytes.
  Status fits(std::size_t headers, std::size_t payload) const;
  /// Lost where the broker is not there.
  void reply(std::string_view subject, std::string_view headers, const Message& payload);

 private:
  enum class Drain : std::uint8_t {
    No,
    Unsubscribing,  ///< the broker may have sent more calls
    Serving,        ///< no more will come
    Flushing,       ///< the broker takes the last replies
    Idle,
  };

  // LinkOwner
  void on_message(const Operation& message) noexcept override;
  void on_connected() noexcept override;
  void on_unreachable(const Status& reason) noexcept override;
  void on_lost(const Status& reason) noexcept override;
  void on_refused(std::string_view text) noexcept override;
  void on_flushed() noexcept override;
  // net::LoopEndHook
  void on_loop_end() noexcept override;

  void subscribe();
  void answer_tool(const Operation& message);
  bool has_room_for_tools() noexcept;
  void refuse(const Operation& message, const Status& status);
  void go_on_draining() noexcept;
  void end_draining() noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const Setup> setup_;
  const std::shared_ptr<rpc::Dispatcher> dispatcher_;
  Peer::Ref peer_;
  std::shared_ptr<BrokerLink> link_;    // from open() to the end
  std::optional<MicroServices> micro_;  // since open(), by option
  IntrusiveList<ServedCall, ServedCallNode> calls_;
  std::size_t live_ = 0;
  std::size_t held_ = 0;              // bytes of requests
  std::size_t tool_bytes_ = 0;        // of answers to tools that the system has not taken
  std::uint64_t tools_answered_ = 0;  // BrokerLink::added() after the last of them
  Drain drain_ = Drain::No;
  bool given_up_ = false;     // nothing is waited for but calls
  std::string last_trouble_;  // as it was logged
  UniqueFunction<void()> idle_;
};

}  // namespace weft::nats
