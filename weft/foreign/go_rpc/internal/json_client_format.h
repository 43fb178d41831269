#pragma once

#include <string>
#include <string_view>

#include "weft/foreign/internal/client_format.h"
#include "weft/foreign/json/message_json.h"
#include "weft/foreign/json/object_cutter.h"

namespace weft::foreign {

/// Go's net/rpc/jsonrpc on a client; JsonServerFormat has the forms.
class JsonClientFormat final : public ClientFormat {
 public:
  /// `max_size`: bytes of an answer.
  JsonClientFormat(std::size_t max_size, FieldNames names);

  Status call(std::uint64_t id, std::string_view name, const MessageTypes& types,
              std::string_view message, std::string& out) override;
  void push(std::string_view bytes) override { cutter_.push(bytes); }
  Next next(const PendingTypes& pending, Answer& out) override;
  const Status& error() const noexcept override { return error_; }

 private:
  Status read(std::string_view text, const PendingTypes& pending, Answer& out) const;

  ObjectCutter cutter_;
  FieldNames names_;
  Status error_;
};

}  // namespace weft::foreign
