#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/foreign/internal/server_format.h"
#include "weft/foreign/json/message_json.h"
#include "weft/foreign/json/object_cutter.h"

namespace weft::foreign {

/// Go's net/rpc/jsonrpc on a server: requests `{"method":"Arith.Multiply","params":[{...}],"id":0}`
/// behind each other, answers `{"id":0,"result":...,"error":null}` with an error that is a text.
///
/// Go's client breaks its connection where the result is null without an error, and where the error
/// is no text.
class JsonServerFormat final : public ServerFormat {
 public:
  /// `methods` outlives this. `max_size`: bytes of a request.
  JsonServerFormat(Methods& methods, std::size_t max_size, int max_depth, FieldNames names);

  void push(std::string_view bytes) override { cutter_.push(bytes); }
  Next next(Request& out) override;
  const Status& error() const noexcept override { return error_; }
  void say_broken(std::string& out) override;
  void answer(const Request& request, const Status& status, std::string_view message,
              std::string& out) override;
  bool in_request() const noexcept override { return cutter_.in_value(); }
  std::size_t held() const noexcept override { return cutter_.held(); }

 private:
  Status read(std::string_view text, Request& out);
  Status read_params(std::string_view params, Request& out) const;

  Methods& methods_;
  ObjectCutter cutter_;
  int max_depth_;
  FieldNames names_;
  Status error_;
};

}  // namespace weft::foreign
