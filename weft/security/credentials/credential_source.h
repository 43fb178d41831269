#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"

namespace weft::security {

/// The value of a field of metadata as it is sent: "Bearer eyJhbGciOi...".
using CredentialRef = std::shared_ptr<const std::string>;

/// Where a client's credentials come from. Asked for each attempt of a call, on the call's loop, by
/// every loop of a channel at the same time.
///
/// One channel, one identity: response_cache() and single_flight() tell callers apart by what a
/// call has before it reaches its attempts, where a source is asked. With one of them on the
/// channel, a source that looks at the call (a user's token from an attachment) has one user get
/// the answer of another. Put such a credential in CallOptions::metadata, or make a channel for
/// each identity.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  /// Null: the call has none. UNAVAILABLE where they cannot be had now, UNAUTHENTICATED where they
  /// are refused; the call ends with that status, which must not hold the credential.
  virtual Task<Result<CredentialRef>> credential(const Call& call) = 0;
};
using CredentialSourceRef = std::shared_ptr<CredentialSource>;

/// A token, and how long it may be used. Of `expires` and `lifetime` the earlier holds.
struct AccessToken {
  std::string text{};
  std::optional<std::chrono::system_clock::time_point> expires{};
  /// Counted from when it was asked for.
  Duration lifetime = kForever;
};
/// Gets a new token: from another process, a service, a vault. Runs on the loop of one of the calls
/// that wait for it, outside of that call's context; ended after 10 s.
using TokenFetch = std::function<Task<Result<AccessToken>>()>;

/// The same value in every call: an API key, a token of a tool. It has to be printable ASCII.
CredentialSourceRef fixed_credential(std::string value);

/// `Bearer` with what `fetch` gets. A token is kept until 30 s before its end, or a quarter of its
/// lifetime where that is less, and fetched again in the background when it has twice as long left;
/// calls wait only where there is none. One fetch runs at a time, for all loops; after failures the
/// next waits, from 1 s to 1 min, and calls get the last failure meanwhile. A token that says
/// nothing of its end is for the calls that wait, and not kept. What `fetch` throws is UNAVAILABLE;
/// where it is empty each call gets FAILED_PRECONDITION at once.
CredentialSourceRef bearer_token(TokenFetch fetch);

/// `Bearer` with the JWT in a file that something else renews, such as a Kubernetes service account
/// token (gRFC A97). Its "exp" says until when it is used: until 30 s before. In the minute before
/// its end it is read again, in the background. Fetches as bearer_token().
CredentialSourceRef bearer_token_from_file(std::string path);

}  // namespace weft::security
