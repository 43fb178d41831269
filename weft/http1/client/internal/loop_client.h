#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/client_setup.h"
#include "weft/http1/client/internal/exchange.h"
#include "weft/http1/client/internal/pool/origin_pool.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/url.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"

namespace weft::http1 {

/// Whether the body of a response is decoded for its reader.
enum class Decoding : std::uint8_t { None, Accepted };

/// A client's part on one loop: its connections by origin. A request that is under way holds it,
/// and the pool that it uses.
class LoopClient final : private net::LoopEndHook, private net::Timer {
 public:
  LoopClient(net::Loop& loop, std::shared_ptr<const ClientSetup> setup);
  LoopClient(const LoopClient&) = delete;
  LoopClient& operator=(const LoopClient&) = delete;
  ~LoopClient();

  /// Sends one request, that was checked, to where `url` is; the head of the response is there when
  /// it ends. Sent again, once, where that is safe.
  Task<Result<std::unique_ptr<Exchange>>> open(const Request& request, const Url& url,
                                               Decoding decoding);
  const ClientSetup& setup() const noexcept { return *setup_; }
  net::Loop& loop() const noexcept { return loop_; }
  /// Closes what is idle; what is under way goes on, and is not kept. Idempotent.
  void close() noexcept;

 private:
  void on_loop_end() noexcept override { close(); }
  static void sweep_due(net::Timer& timer) noexcept { static_cast<LoopClient&>(timer).sweep(); }
  Result<std::shared_ptr<OriginPool>> pool_of(const Url& url);
  Result<std::shared_ptr<OriginPool>> make_pool(const Url& url);
  Status make_room();
  void sweep() noexcept;
  Duration sweep_interval() const noexcept;

  net::Loop& loop_;
  const std::shared_ptr<const ClientSetup> setup_;
  std::map<std::string, std::shared_ptr<OriginPool>, std::less<>> pools_;  // by origin
  bool closed_ = false;
};

}  // namespace weft::http1
