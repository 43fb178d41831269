#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "weft/net/socket/stream.h"

#include "tests/fuzz/wire_model.h"

namespace weft::fuzz {

/// The far end of a connection that weft's server or client has: sends what it is told to, and
/// holds all that it reads against WireModel and against gRPC's framing.
class RawPeer final : private net::StreamHandler, private WireModel::Reader {
 public:
  RawPeer(std::unique_ptr<net::Stream> stream, const http2::SessionOptions& options);
  ~RawPeer();

  WireModel& wire() noexcept { return wire_; }
  /// Whole frames.
  void send(std::string_view frames);
  void send_greeting(std::string_view bytes);
  void send_rubbish(std::string_view bytes);
  void set_reading(bool reading);
  void shutdown_write();
  void close();
  /// The other side has closed, or the connection has failed.
  bool ended() const noexcept { return ended_ || stream_ == nullptr; }
  /// All that was sent is on its way, and everything is read.
  bool is_idle() const noexcept { return outgoing_.empty() && reading_; }
  /// The highest stream that the session opened, as client.
  std::uint32_t highest_id() const noexcept { return highest_id_; }
  std::size_t messages() const noexcept { return messages_; }

 private:
  struct Message {
    std::string prefix;
    std::size_t left = 0;
    bool sections = false;  // a header section has come
    bool grpc = false;      // the first one is gRPC's
  };
  void on_readable() noexcept override;
  void on_writable() noexcept override { write_out(); }
  void on_section(std::uint32_t id, const WireModel::Fields& fields, bool end) override;
  void on_data(std::uint32_t id, std::string_view payload, bool end) override;
  void check_end(const WireModel::Fields& fields);
  void put(std::string_view bytes);
  void write_out();

  std::unique_ptr<net::Stream> stream_;
  bool is_client_;  // the session
  WireModel wire_;
  std::string outgoing_;
  std::map<std::uint32_t, Message> streams_;
  std::uint32_t highest_id_ = 0;
  std::size_t messages_ = 0;
  bool reading_ = true;
  bool ended_ = false;
};

}  // namespace weft::fuzz
