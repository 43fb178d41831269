#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/foreign/go_rpc/internal/gob_header.h"
#include "weft/foreign/internal/client_format.h"

namespace weft::foreign {

/// Go's net/rpc with its own codec on a client; GobServerFormat has the form.
class GobClientFormat final : public ClientFormat {
 public:
  /// `max_size`: bytes of a message.
  explicit GobClientFormat(std::size_t max_size) noexcept : stream_(max_size) {}

  Status call(std::uint64_t id, std::string_view name, const MessageTypes& types,
              std::string_view message, std::string& out) override;
  void push(std::string_view bytes) override { stream_.push(bytes); }
  Next next(const PendingTypes& pending, Answer& out) override;
  const Status& error() const noexcept override { return error_; }

 private:
  void read_result(const GobStream::Value& value, const PendingTypes& pending, Answer& out) const;

  GobStream stream_;
  ValueWriter writer_;
  bool has_header_ = false;
  GobHeader header_;
  Status error_;
};

}  // namespace weft::foreign
