#pragma once

#include <memory>
#include <vector>

#include "weft/coro/context.h"
#include "weft/http1/client/client.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/security/jwt/internal/key_store.h"
#include "weft/security/jwt/jwt_options.h"

namespace weft::security::internal {

/// Runs the stores of an authenticator, on a loop of the program's or on a thread of its own, until
/// it is destroyed: on the thread of the program's loop, else on any.
class KeyFetching {
 public:
  KeyFetching(net::Loop* loop, const http1::ClientOptions& http);
  KeyFetching(const KeyFetching&) = delete;
  KeyFetching& operator=(const KeyFetching&) = delete;
  ~KeyFetching();

  net::Loop& loop() noexcept;
  void begin(std::shared_ptr<KeyStore> store, const JwtIssuer& issuer);

 private:
  /// What lives on the loop.
  struct Running;

  std::unique_ptr<net::LoopThread> thread_;  // null: the program's loop
  std::shared_ptr<Running> running_;
};

}  // namespace weft::security::internal
