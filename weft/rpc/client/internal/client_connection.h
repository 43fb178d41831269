#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/connection/internal/connection.h"

namespace weft::rpc {

class ClientConnection;

/// What the headers of a method's calls on a connection have in common: as a rule all they have.
/// The views are of `path` and of what the channel has.
struct UsualHeaders {
  std::string path;
  std::string content_type;
  std::array<http2::HeaderField, 8> fields;
  std::size_t size = 0;  ///< as SETTINGS_MAX_HEADER_LIST_SIZE counts it
  http2::FixedBlock block;
};

/// Told of what happens to a client's connection.
class ClientConnectionOwner {
 public:
  /// A stream has ended or the server's limit has moved: there may be room for a call.
  virtual void on_capacity() noexcept = 0;
  /// It takes no more calls, and will be closed when those it has are over.
  virtual void on_leaving(ClientConnection& connection) noexcept = 0;
  /// The server has said, for the first time, that it leaves; before on_leaving().
  virtual void on_goaway(ClientConnection& connection) noexcept = 0;
  virtual void on_connection_closed(ClientConnection& connection) noexcept = 0;
  /// The server ends the connection because of our keepalive PINGs.
  virtual void on_too_many_pings() noexcept = 0;

 protected:
  ~ClientConnectionOwner() = default;
};

/// A connection to a server: makes streams for calls and hands the stream's events to them.
class ClientConnection final : public Connection {
 public:
  ClientConnection(net::Loop& loop, ClientConnectionOwner& owner,
                   std::unique_ptr<net::Stream> stream, const ChannelOptions& options);
  ~ClientConnection() override = default;

  /// What is completed when the server's SETTINGS have arrived, or with the reason for which they
  /// never will. For net::Awaited.
  net::Wait*& ready_wait() noexcept { return ready_wait_; }

  /// Why a call on it ended that has no status of its own, where that is the connection's doing.
  Status why_lost();

  /// The server's SETTINGS have arrived.
  bool greeted() const noexcept { return ready_; }
  /// A call can be started on it now.
  bool usable() noexcept { return ready_ && !closed() && !leaving_ && session().can_open(); }
  /// It takes calls, though perhaps none more now.
  bool serving() noexcept {
    return ready_ && !closed() && !leaving_ && !session().draining() && !session().broken();
  }

  /// The server has answered a call on it, or goes on with calls while it leaves.
  bool of_use() const noexcept { return of_use_; }

  /// ChannelOptions::accepted_compressions.
  CompressionSet accepted() const noexcept { return accepted_; }
  /// ChannelOptions::max_metadata_size.
  std::size_t max_metadata_size() const noexcept { return max_metadata_size_; }
  /// ChannelOptions::propagation.
  const PropagationOptions& propagation() const noexcept { return propagation_; }

  /// Of a call of `path`. The strings must outlive the connection; what is given, the next call.
  UsualHeaders& usual_headers(std::string_view path, const std::string& authority,
                              const std::string& user_agent) {
    if (last_usual_ != nullptr && last_usual_->path == path) [[likely]]
      return *last_usual_;
    return find_usual_headers(path, authority, user_agent);
  }
  /// The same of a call with a codec, whose content-type is `content_type`.
  UsualHeaders& coded_headers(std::string_view content_type, std::string_view path,
                              const std::string& authority, const std::string& user_agent);

  // http2::SessionHandler
  void on_headers(http2::Stream& stream, http2::HeadersKind kind, http2::HeaderFields fields,
                  bool end_stream) override;
  void on_headers_too_large(http2::Stream& stream, http2::HeadersKind kind,
                            bool end_stream) override;
  void on_data(http2::Stream& stream, BytesView data, bool end_stream) override;
  void on_drained(http2::Stream& stream) override;
  void on_stream_closed(http2::Stream& stream, const http2::StreamEnd& end) override;
  void on_settings() override;
  void on_ping() override {}
  void on_goaway(std::uint32_t last_stream_id, http2::ErrorCode code,
                 std::string_view debug) override;
  void on_connection_error(http2::ErrorCode code, const Status& status) override;

 private:
  struct IdleTimer : net::Timer {
    explicit IdleTimer(ClientConnection& owner) noexcept
        : Timer(&ClientConnection::idle_due), connection(owner) {}
    ClientConnection& connection;
  };
  void on_closed(const Status& why) noexcept override;
  static void idle_due(net::Timer& timer) noexcept;
  void complete_ready(const Status& status) noexcept;
  UsualHeaders& find_usual_headers(std::string_view path, const std::string& authority,
                                   const std::string& user_agent);
  std::unique_ptr<UsualHeaders> make_usual_headers(std::string_view content_type,
                                                   std::string_view path,
                                                   const std::string& authority,
                                                   const std::string& user_agent);

  ClientConnectionOwner& owner_;
  Duration idle_timeout_;
  std::uint32_t max_metadata_size_;
  CompressionSet accepted_;
  PropagationOptions propagation_;
  IdleTimer idle_timer_{*this};
  TimePoint last_used_;
  net::Wait* ready_wait_ = nullptr;
  std::string goaway_;  // what the server said in it; empty as long as there was none
  std::vector<std::unique_ptr<UsualHeaders>> usual_;
  UsualHeaders* last_usual_ = nullptr;  // one of them
  std::size_t next_usual_ = 0;          // the one to be replaced when there are too many
  std::vector<std::unique_ptr<UsualHeaders>> coded_;  // of calls with a codec
  std::size_t next_coded_ = 0;
  bool ready_ = false;
  bool goaway_came_ = false;
  bool leaving_ = false;
  bool of_use_ = false;
};

}  // namespace weft::rpc
