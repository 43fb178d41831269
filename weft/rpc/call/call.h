#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/codec.h"
#include "weft/codec/compression.h"
#include "weft/coro/context.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/attachments.h"
#include "weft/rpc/call/message/message_stream.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/method.h"
#include "weft/rpc/call/peer.h"
#include "weft/rpc/call/principal.h"

namespace weft::cluster {
struct Endpoint;
class Tried;
}  // namespace weft::cluster
namespace weft::rpc {
struct Route;
}  // namespace weft::rpc

namespace weft {

struct CallStats;

/// One call of a procedure, on the client or on the server: everything between the application's
/// end and the transport's.
///
/// A Service turns a Call into its final Status. On a server the transport makes the Call and the
/// handler serves it; on a client the stub makes it and the transport serves it; middleware stands
/// in between on both sides and sees the same Call. The serving end reads requests() and writes
/// responses(); a middleware that wants to see messages puts a reader or a writer of its own in
/// front of them.
///
/// A Call belongs to one loop and is used on its thread only. It is its own timer for its deadline.
/// Each costs memory while it is pending, so rare members are behind a pointer (RareState).
class Call : private net::Timer, private Context {
 public:
  enum class Side : std::uint8_t { Client, Server };

  /// `path` ("/pkg.Service/Method") and `method` (null where the method is not known) must outlive
  /// the call.
  Call(Side side, net::Loop& loop, std::string_view path, const MethodDescriptor* method,
       Context* parent)
      : Timer(&Call::deadline_passed),
        Context(parent),
        side_(side),
        loop_(loop),
        path_(path),
        method_(method) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() = default;

  Side side() const noexcept { return side_; }
  net::Loop& loop() const noexcept { return loop_; }
  std::string_view path() const noexcept { return path_; }
  /// "pkg.Service" and "Method"; empty when the path does not have that form.
  std::string_view service() const noexcept;
  std::string_view method_name() const noexcept;
  /// Null when the server knows no such method, or the client calls without generated code.
  const MethodDescriptor* method() const noexcept { return method_; }

  /// Deadline, cancellation, trace and baggage of this call; parent of what the handler calls.
  Context& context() noexcept { return *this; }
  const Context& context() const noexcept { return *this; }

  /// Moves the deadline earlier and arms a timer that cancels the context with DEADLINE_EXCEEDED.
  void limit_deadline(TimePoint deadline);
  /// As limit_deadline(), counted from now.
  void limit_timeout(Duration timeout);
  /// Arms a timer for a deadline inherited from the parent, which may have none of its own. Called
  /// by the transport.
  void watch_deadline();
  /// When this Call was made.
  TimePoint started() const noexcept { return started_; }
  void set_started(TimePoint when) noexcept { started_ = when; }

  /// To be changed; the first use on a server makes a copy. The const overload makes none.
  Metadata& request_metadata() {
    Metadata& own = rare().request_metadata;
    if (shared_request_metadata_ != nullptr)
      own = *std::exchange(shared_request_metadata_, nullptr);
    return own;
  }
  const Metadata& request_metadata() const noexcept {
    return shared_request_metadata_ != nullptr ? *shared_request_metadata_
           : rare_ != nullptr                  ? rare_->request_metadata
                                               : kNoMetadata;
  }
  /// Uses metadata that several calls share and that outlives this call.
  void share_request_metadata(const Metadata& metadata) noexcept {
    shared_request_metadata_ = &metadata;
  }
  /// Initial metadata of the response, to be changed; the const overload allocates nothing. On a
  /// server: to be filled before the first response message.
  Metadata& response_metadata() { return rare().response_metadata; }
  const Metadata& response_metadata() const noexcept {
    return rare_ == nullptr ? kNoMetadata : rare_->response_metadata;
  }
  /// Trailing metadata of the response, to be changed; the const overload allocates nothing.
  Metadata& trailers() { return rare().trailers; }
  const Metadata& trailers() const noexcept {
    return rare_ == nullptr ? kNoMetadata : rare_->trailers;
  }

  /// No response metadata and no trailers have been set or have arrived so far.
  bool has_no_answer_metadata() const noexcept {
    return rare_ == nullptr || (rare_->response_metadata.empty() && rare_->trailers.empty());
  }

  MessageReader& requests() noexcept { return *requests_; }
  MessageWriter& responses() noexcept { return *responses_; }
  void set_requests(MessageReader& reader) noexcept { requests_ = &reader; }
  void set_responses(MessageWriter& writer) noexcept { responses_ = &writer; }
  /// On a server: sends the response's initial metadata now instead of with the first message. On a
  /// client: called by the transport when it has arrived.
  void announce_response_metadata() noexcept {
    if (on_response_metadata_ != nullptr) on_response_metadata_(*this);
  }
  /// The maker of the call casts it to its own type.
  using ResponseMetadataHook = void (*)(Call&) noexcept;
  void set_on_response_metadata(ResponseMetadataHook hook) noexcept {
    on_response_metadata_ = hook;
  }

  /// Known once the call has a connection.
  const Peer* peer() const noexcept { return peer_.get(); }
  void set_peer(Peer::Ref peer) noexcept { peer_ = std::move(peer); }
  const Peer::Ref& share_peer() const noexcept { return peer_; }

  /// The caller's identity: on a server the one that a middleware has set, else that of the
  /// connection (Peer::principal()); null if unknown. On a client the one that a middleware has
  /// set; the server's identity is peer()->principal(). The attempts of retries and hedges have
  /// that of their call. Calls that a handler makes do not inherit it. Throws std::bad_alloc only.
  const Principal* principal() const { return share_principal().get(); }
  /// To be kept beyond the call.
  const std::shared_ptr<const Principal>& share_principal() const;
  /// Replaces an earlier one. Null: that of the connection. For a caller that must not pass as its
  /// connection, such as a stranger behind a proxy, set a Principal without a subject.
  void set_principal(std::shared_ptr<const Principal> principal) {
    rare().principal = std::move(principal);
  }

  /// Leaves a value for the middlewares after this one, the handler, and for the middlewares again
  /// on the way back. A call has one value of each type: a second one replaces the first. It lives
  /// as long as the call. What is attached to an attempt is the attempt's own.
  template <class T>
  T& attach(T value) {
    return rare().attachments.put(std::move(value));
  }
  /// The value of this type that was attached to this call, or else to the call that this is an
  /// attempt of. Null if there is none.
  template <class T>
  T* find() noexcept {
    return find_attached<T>();
  }
  template <class T>
  const T* find() const noexcept {
    return find_attached<T>();
  }

  /// On a client: the instance that was picked for this attempt, for middlewares between the pick
  /// and the connection (Channel::use_per_endpoint); null elsewhere.
  const cluster::Endpoint* endpoint() const noexcept {
    return side_ == Side::Client ? place_.endpoint : nullptr;
  }
  void set_endpoint(const cluster::Endpoint* endpoint) noexcept { place_.endpoint = endpoint; }
  /// On a server: the method that serves the call, once its transport or the dispatcher has looked
  /// it up.
  const rpc::Route* route() const noexcept {
    return side_ == Side::Server ? place_.route : nullptr;
  }
  /// `method` is the route's.
  void set_route(const rpc::Route& route, const MethodDescriptor& method) noexcept {
    place_.route = &route;
    method_ = &method;
  }
  /// On a client: where earlier attempts went, shared by the attempts of one call; the channel
  /// avoids these instances if there are others, and adds the one it picks. Null: not recorded.
  cluster::Tried* tried() const noexcept { return rare_ == nullptr ? nullptr : rare_->tried; }
  void set_tried(cluster::Tried* tried) { rare().tried = tried; }
  /// On a client: calls with the same key go to the same instance if the balancer uses keys.
  std::optional<std::uint64_t> balance_key() const noexcept {
    return rare_ == nullptr ? std::nullopt : rare_->balance_key;
  }
  void set_balance_key(std::uint64_t key) { rare().balance_key = key; }

  /// The format of the messages in requests() and responses(); null, as for most calls, is
  /// protobuf. Code that keeps or compares messages has to tell formats apart.
  const Codec* codec() const noexcept { return rare_ == nullptr ? nullptr : rare_->codec.get(); }
  /// Set by the maker of the call before the first message is written: a client's stub or proxy, a
  /// server's transport. A server's codecs live as long as its calls (codec::borrowed()).
  void set_codec(std::shared_ptr<const Codec> codec) { rare().codec = std::move(codec); }

  /// What this call or attempt has taken so far. Null without an observer (Server::add(),
  /// Channel::add()).
  CallStats* stats() const noexcept {
    for (const Call* call = this; call != nullptr && call->rare_ != nullptr;
         call = call->rare_->made_for) {
      if (call->rare_->stats != nullptr) return call->rare_->stats;
    }
    return nullptr;
  }
  /// Set by the observing end. Null: no longer observed.
  void set_stats(CallStats* stats) { rare().stats = stats; }

  // Set by the caller (client) or the handler (server).

  /// Takes over what the caller of `other`, which must outlive this, asked for: metadata, settings
  /// and the time it started; principal() and find() see what `other` has. On a server, its peer as
  /// well. For a call that is made on behalf of another.
  void take_request_of(const Call& other);
  /// Encoding of the messages this side sends. On a server an encoding that the client does not
  /// accept is ignored.
  Compression compression() const noexcept { return compression_; }
  void set_compression(Compression compression) noexcept { compression_ = compression; }
  /// Wait for a connection rather than fail while there is none.
  bool wait_for_ready() const noexcept { return wait_for_ready_; }
  void set_wait_for_ready(bool wait) noexcept { wait_for_ready_ = wait; }
  /// How many attempts came before this one, for `grpc-previous-rpc-attempts`.
  std::uint32_t previous_attempts() const noexcept {
    return rare_ == nullptr ? 0 : rare_->previous_attempts;
  }
  void set_previous_attempts(std::uint32_t attempts) { rare().previous_attempts = attempts; }
  /// Limits of a message in bytes; what exceeds them ends the call with RESOURCE_EXHAUSTED.
  std::size_t max_receive_size() const noexcept { return max_receive_size_; }
  std::size_t max_send_size() const noexcept { return max_send_size_; }
  void set_max_receive_size(std::size_t size) noexcept { max_receive_size_ = limit_of(size); }
  void set_max_send_size(std::size_t size) noexcept { max_send_size_ = limit_of(size); }

 protected:
  /// For a server: a root that tells its owner, a derived class, when it is cancelled; see of().
  Call(net::Loop& loop, std::string_view path, const MethodDescriptor* method,
       weft::CancelHook::Function told)
      : Timer(&Call::deadline_passed),
        Context(told),
        side_(Side::Server),
        loop_(loop),
        path_(path),
        method_(method) {}
  static Call& of(weft::CancelHook& hook) noexcept { return static_cast<Call&>(Context::of(hook)); }
  /// `path` must outlive the call.
  void set_path(std::string_view path) noexcept { path_ = path; }

 private:
  /// What only some calls have.
  struct RareState : coro::Pooled {
    RareState() = default;
    RareState(const RareState&) = delete;
    RareState& operator=(const RareState&) = delete;
    ~RareState();  // in call.cc: every Call's end would be longer by it
    Metadata request_metadata;
    Metadata response_metadata;
    Metadata trailers;
    cluster::Tried* tried = nullptr;
    std::optional<std::uint64_t> balance_key;
    std::uint32_t previous_attempts = 0;
    std::shared_ptr<const Codec> codec;
    const Call* made_for = nullptr;  // the call that this is an attempt of
    CallStats* stats = nullptr;
    std::shared_ptr<const Principal> principal;
    rpc::Attachments attachments;
  };
  static void deadline_passed(net::Timer& timer) noexcept;
  RareState& rare() {
    if (rare_ == nullptr) rare_ = std::make_unique<RareState>();
    return *rare_;
  }
  template <class T>
  T* find_attached() const noexcept {
    static_assert(std::is_same_v<T, std::remove_cvref_t<T>>, "name the type as it was attached");
    for (const Call* call = this; call != nullptr && call->rare_ != nullptr;
         call = call->rare_->made_for) {
      if (T* found = call->rare_->attachments.template find<T>()) return found;
    }
    return nullptr;
  }
  /// gRPC's framing ends there: no message is larger.
  static std::uint32_t limit_of(std::size_t size) noexcept {
    return static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX));
  }

  inline static const Metadata kNoMetadata;

  Side side_;
  Compression compression_ = Compression::Identity;
  bool wait_for_ready_ = false;
  std::uint32_t max_receive_size_ = 4 * 1024 * 1024;
  net::Loop& loop_;
  std::string_view path_;
  const MethodDescriptor* method_;
  MessageReader* requests_ = nullptr;
  MessageWriter* responses_ = nullptr;
  Peer::Ref peer_;
  ResponseMetadataHook on_response_metadata_ = nullptr;
  const Metadata* shared_request_metadata_ = nullptr;
  /// Where it goes: on a client and on a server.
  union Place {
    const cluster::Endpoint* endpoint = nullptr;
    const rpc::Route* route;
  } place_;
  std::unique_ptr<RareState> rare_;
  TimePoint started_{};
  std::uint32_t max_send_size_ = UINT32_MAX;
};
static_assert(sizeof(Call) <= 208, "every pending call pays for it");

}  // namespace weft
