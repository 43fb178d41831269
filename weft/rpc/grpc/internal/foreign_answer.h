#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::rpc {

/// The answer to a call from something that does not speak gRPC: a proxy, a web server. Collects
/// the beginning of its body, which is often the only one to say what is wrong.
class ForeignAnswer {
 public:
  /// `expected`: the content-type of the call's own messages.
  ForeignAnswer(int http_status, std::string_view content_type, std::string expected);

  /// Takes a part of the body. True when no more of it is of use.
  bool take(std::string_view data);
  /// By gRPC's table of HTTP statuses; INTERNAL for gRPC with messages of another format.
  Status status() const;

 private:
  int http_status_;
  std::string content_type_;
  std::string expected_;
  std::string body_;
};

}  // namespace weft::rpc
