#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/foreign/go_rpc/internal/gob_header.h"
#include "weft/foreign/internal/server_format.h"

namespace weft::foreign {

/// Go's net/rpc with its own codec on a server: a header and a parameter, both gob values, and
/// likewise a header and a result.
class GobServerFormat final : public ServerFormat {
 public:
  /// Whether the connection began with the head of a CONNECT, which is passed over and answered.
  enum class Head : std::uint8_t { None, Connect };

  /// `methods` outlives this. `max_size`: bytes of a message.
  GobServerFormat(Methods& methods, std::size_t max_size, int max_depth, Head head) noexcept
      : methods_(methods), requests_(max_size), max_depth_(max_depth), head_(head) {}

  void begin(std::string& out) override;
  void push(std::string_view bytes) override;
  Next next(Request& out) override;
  const Status& error() const noexcept override { return requests_.error(); }
  /// Nothing: there is no response without a request.
  void say_broken(std::string& /*out*/) override {}
  void answer(const Request& request, const Status& status, std::string_view message,
              std::string& out) override;
  bool in_request() const noexcept override { return in_head_ || requests_.in_pair(); }
  std::size_t held() const noexcept override { return requests_.held(); }

 private:
  void read_parameter(const GobStream::Value& value, Request& out);

  Methods& methods_;
  GobPairs requests_;
  ValueWriter writer_;
  int max_depth_;
  const Head head_;
  bool in_head_ = head_ == Head::Connect;  // its end has not come
  std::size_t head_size_ = 0;
  char before_ = 0;  // the last byte of the head that was no carriage return
};

}  // namespace weft::foreign
