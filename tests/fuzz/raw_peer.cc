#include "tests/fuzz/raw_peer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/fuzz/input.h"

namespace weft::fuzz {

RawPeer::RawPeer(std::unique_ptr<net::Stream> stream, const http2::SessionOptions& options)
    : stream_(std::move(stream)), is_client_(options.role == http2::Role::Client), wire_(options) {
  wire_.set_reader(*this);
  stream_->set_handler(this);
  stream_->want_read();
}

RawPeer::~RawPeer() { close(); }

void RawPeer::send(std::string_view frames) {
  wire_.peer_sends(frames);
  put(frames);
}
void RawPeer::send_greeting(std::string_view bytes) {
  wire_.peer_sends_greeting(bytes);
  put(bytes);
}
void RawPeer::send_rubbish(std::string_view bytes) {
  wire_.peer_sends_rubbish();
  put(bytes);
}

void RawPeer::put(std::string_view bytes) {
  outgoing_ += bytes;
  write_out();
}

void RawPeer::write_out() {
  while (!outgoing_.empty() && stream_ != nullptr) {
    const iovec slice{.iov_base = outgoing_.data(), .iov_len = outgoing_.size()};
    const net::IoResult result = stream_->write({&slice, 1});
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
    if (result.kind != net::IoResult::Kind::Done) {
      ended_ = true;
      return;
    }
    outgoing_.erase(0, result.size);
  }
}

void RawPeer::set_reading(bool reading) {
  reading_ = reading;
  if (reading && stream_ != nullptr) stream_->want_read();
}

void RawPeer::shutdown_write() {
  if (stream_ != nullptr) stream_->shutdown_write();
}

void RawPeer::close() {
  if (stream_ != nullptr) stream_->close();
  stream_.reset();
}

void RawPeer::on_readable() noexcept {
  std::array<char, 16 * 1024> block;
  while (reading_ && stream_ != nullptr) {
    const net::IoResult result = stream_->read(block);
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_read();
    if (result.kind != net::IoResult::Kind::Done) {
      ended_ = true;
      return;
    }
    wire_.session_wrote({block.data(), result.size});
  }
}

void RawPeer::on_section(std::uint32_t id, const WireModel::Fields& fields, bool end) {
  highest_id_ = std::max(highest_id_, id);
  Message& message = streams_[id];
  const bool first = !std::exchange(message.sections, true);
  require(first == fields.front().first.starts_with(':'), "the first section has pseudo-headers");
  if (first) {
    require(fields.front().first == (is_client_ ? ":method" : ":status"), "requests and responses");
    const auto is_grpc = [](const auto& field) {
      return field.first == "content-type" && field.second.starts_with("application/grpc");
    };
    message.grpc = std::any_of(fields.begin(), fields.end(), is_grpc);
  }
  require(first || end, "trailers end the stream");
  // An error's status does not wait for the window that the rest of a message would need.
  const auto is_error = [](const auto& field) {
    return field.first == "grpc-status" && field.second != "0";
  };
  const bool failed = !is_client_ && end && std::any_of(fields.begin(), fields.end(), is_error);
  require(failed || (message.left == 0 && message.prefix.empty()),
          "a stream ends behind a message, unless with an error");
  if (end && !is_client_ && message.grpc) check_end(fields);
}

/// The trailers of a response, or a response that is nothing else.
void RawPeer::check_end(const WireModel::Fields& fields) {
  std::size_t statuses = 0;
  for (const auto& [name, value] : fields) {
    if (name == "grpc-status") {
      ++statuses;
      const bool digits =
          !value.empty() && value.size() <= 2 &&
          std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
      require(digits && std::stoi(value) <= 16, "grpc-status is from 0 to 16");
    }
    const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
    require(std::all_of(value.begin(), value.end(), printable), "trailers are printable");
  }
  require(statuses == 1, "a response ends with one grpc-status");
}

void RawPeer::on_data(std::uint32_t id, std::string_view payload, bool end) {
  Message& message = streams_[id];
  if (!message.grpc) return;
  require(!end || is_client_, "a server ends a response with trailers");
  while (!payload.empty()) {
    if (message.left == 0) {
      const std::size_t n = std::min(5 - message.prefix.size(), payload.size());
      message.prefix += payload.substr(0, n);
      payload.remove_prefix(n);
      if (message.prefix.size() < 5) break;
      require(static_cast<unsigned char>(message.prefix[0]) <= 1, "a message's flag is 0 or 1");
      for (std::size_t i = 1; i < 5; ++i) {
        message.left = message.left << 8 | static_cast<unsigned char>(message.prefix[i]);
      }
      message.prefix.clear();
      ++messages_;
    }
    const std::size_t n = std::min(message.left, payload.size());
    message.left -= n;
    payload.remove_prefix(n);
  }
  require(!end || (message.left == 0 && message.prefix.empty()), "a stream ends behind a message");
}

}  // namespace weft::fuzz
