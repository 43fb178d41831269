#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weft/rpc/channel.h"
#include "weft/rpc/forward.h"
#include "weft/rpc/server.h"

/// Hands every call on to a backend: any method of any service, of all four kinds, without reading
/// a message.
class Proxy final : public weft::Service {
 public:
  explicit Proxy(std::string backend) : backend_(std::move(backend)) {}

  weft::Task<weft::Status> serve(weft::Call& call) override {
    return weft::rpc::forward(call, backend_);
  }

 private:
  weft::Channel backend_;
};
