#pragma once

#include <memory>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/http1/client/internal/loop_client.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/response.h"
#include "weft/http1/client/response_stream.h"

namespace weft::http1 {

/// What Client::send() and Client::open() do, on the loop of `client`. Their errors name the
/// request.
Task<Result<Response>> send_request(std::shared_ptr<LoopClient> client, Request request);
Task<Result<ResponseStream>> open_request(std::shared_ptr<LoopClient> client, Request request);

}  // namespace weft::http1
