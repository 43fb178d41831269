#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weft/foreign/internal/server_format.h"
#include "weft/foreign/json/message_json.h"
#include "weft/foreign/json/object_cutter.h"
#include "weft/foreign/json/parts.h"

namespace weft::foreign {

/// JSON-RPC on a server, of two kinds that each request chooses by its member "jsonrpc":
///
/// JSON-RPC 2.0: `{"jsonrpc":"2.0","method":...,"params":...,"id":...}`, batches of these in an
/// array, notifications without an id, errors with a number.
///
/// Go's net/rpc/jsonrpc: `{"method":"Arith.Multiply","params":[{...}],"id":0}`, answers
/// `{"id":0,"result":...,"error":null}` with an error that is a text. Go's client breaks its
/// connection where the result is null without an error, and where the error is no text.
class JsonServerFormat final : public ServerFormat {
 public:
  /// Requests of a batch.
  static constexpr std::size_t kMostInBatch = 1000;

  /// Whether requests without the member "jsonrpc" are those of Go, or wrong.
  enum class Unmarked : std::uint8_t { Go, Wrong };

  /// `methods` outlives this. `max_size`: bytes of a request or a batch.
  JsonServerFormat(Methods& methods, std::size_t max_size, int max_depth, FieldNames names,
                   Unmarked unmarked = Unmarked::Go);

  void push(std::string_view bytes) override { cutter_.push(bytes); }
  Next next(Request& out) override;
  const Status& error() const noexcept override { return error_; }
  void say_broken(std::string& out) override;
  void answer(const Request& request, const Status& status, std::string_view message,
              std::string& out) override;
  bool in_request() const noexcept override { return cutter_.in_value(); }
  std::size_t held() const noexcept override { return cutter_.held() + grouped_; }

  /// What is answered to a text that is no JSON, or no request.
  static std::string invalid(int code, const Status& status);

 private:
  struct Members;
  enum Form : std::uint8_t { Go, JsonRpc, Notification };

  void begin_batch(std::string_view text, Request& out);
  bool next_of_batch(Request& out);
  void read(std::string_view text, Request& out);
  void find_method(const Members& members, Request& out);
  Status read_params(std::string_view params, Request& out) const;
  Status read_go_params(std::string_view params, Request& out) const;
  void append_answer(const Request& request, const Status& status, std::string_view message,
                     std::string& out);
  void append_error(const Request& request, const Status& status, std::string& out) const;

  Methods& methods_;
  ObjectCutter cutter_;
  int max_depth_;
  FieldNames names_;
  Unmarked unmarked_;
  Status error_;
  std::optional<JsonParts> batch_;  // whose elements come next
  std::shared_ptr<AnswerGroup> group_;
  std::size_t grouped_ = 0;       // bytes of answers that wait for others of their batch
  bool speaks_json_rpc_ = false;  // the last request was of JSON-RPC 2.0
};

}  // namespace weft::foreign
