#pragma once

#include <cstdint>
#include <string_view>

#include <google/protobuf/descriptor.h>

#include "weft/base/result.h"

namespace weft::cli {

/// Messages in each other that are looked into.
inline constexpr int kMaxMessageDepth = 64;

/// What a message would take to be made, found without making anything of it: a peer decides how
/// many messages two bytes each become.
struct MessageSurvey {
  std::uint64_t messages = 0;  ///< the message itself, and all in it
  std::uint64_t values = 0;    ///< of fields that are set
};

/// Walks over `bytes`, a message of `type`. INTERNAL when the bytes are no such message,
/// RESOURCE_EXHAUSTED when messages are nested deeper than kMaxMessageDepth.
Result<MessageSurvey> survey_message(const google::protobuf::Descriptor& type,
                                     std::string_view bytes);

}  // namespace weft::cli
