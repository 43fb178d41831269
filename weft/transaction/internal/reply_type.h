#pragma once

#include <concepts>

#include <google/protobuf/message_lite.h>

#include "weft/base/result.h"

namespace weft::transaction::internal {

/// Whether a type is a Result of a message.
template <class T>
inline constexpr bool kIsReply = false;
template <class T>
inline constexpr bool kIsReply<Result<T>> = std::derived_from<T, google::protobuf::MessageLite>;

}  // namespace weft::transaction::internal
