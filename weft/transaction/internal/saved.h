#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/transaction/fingerprint.h"
#include "weft/transaction/idempotency/idempotency_store.h"

// How rows of the database have what a call ended with.
namespace weft::transaction::internal {

inline Bytes bytes_of(const Fingerprint& fingerprint) {
  return Bytes::copy_of(std::string_view(reinterpret_cast<const char*>(fingerprint.bytes.data()),
                                         fingerprint.bytes.size()));
}

inline SavedReply reply_of(std::int64_t code, const std::optional<Bytes>& message,
                           const std::optional<Bytes>& details, const std::optional<Bytes>& reply) {
  SavedReply saved;
  if (reply) saved.message = *reply;
  if (code == 0) return saved;
  saved.status =
      Status(static_cast<StatusCode>(code), message ? message->view() : std::string_view());
  if (details && !details->empty()) saved.status = saved.status.with_details(details->view());
  return saved;
}

}  // namespace weft::transaction::internal
