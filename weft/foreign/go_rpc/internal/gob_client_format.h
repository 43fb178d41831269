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
  explicit GobClientFormat(std::size_t max_size) noexcept : answers_(max_size) {}

  Status call(std::uint64_t id, std::string_view name, const MessageTypes& types,
              std::string_view message, std::string& out) override;
  void push(std::string_view bytes) override { answers_.push(bytes); }
  Next next(const PendingTypes& pending, Answer& out) override;
  const Status& error() const noexcept override { return answers_.error(); }

 private:
  void read_result(const GobStream::Value& value, const PendingTypes& pending, Answer& out);

  GobPairs answers_;
  ValueWriter writer_;
};

}  // namespace weft::foreign
