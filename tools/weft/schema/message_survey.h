#pragma once

#include <cstdint>
#include <string_view>

#include <google/protobuf/descriptor.h>

#include "weft/base/result.h"

namespace weft::cli {

/// Messages in each other, those in an Any included; an Any and what is in it are two. Protobuf's
/// JSON functions have this limit for fields, but begin anew in each Any.
inline constexpr int kMaxMessageDepth = 64;

/// What a message would take to be read and shown, found without making anything of it: a peer
/// decides how many messages two bytes each become, and how long the names of their fields are.
struct MessageSurvey {
  std::uint64_t messages = 0;    ///< the message itself, and all in it
  std::uint64_t values = 0;      ///< of fields that are set
  std::uint64_t json_bytes = 0;  ///< of the message as JSON, at most; with defaults where shown
};

enum class Defaults : std::uint8_t { Hide, Show };

/// Walks over `bytes`, a message of `type`; what an Any holds is looked up in the same pool.
/// INTERNAL when the bytes are no such message, RESOURCE_EXHAUSTED when messages are nested deeper
/// than kMaxMessageDepth.
Result<MessageSurvey> survey_message(const google::protobuf::Descriptor& type,
                                     std::string_view bytes, Defaults defaults = Defaults::Hide);

}  // namespace weft::cli
