#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/messaging/events/cloud_event.h"

// The body of a record is an event: fields, each of
//
//     0   1  what it is: 1 source, 2 id, 3 type, 4 key, 5 subject, 6 time, 7 data, 8 attribute
//     1   4  size of the value
//     5      value; of an attribute the 4 bytes of its name's size, name and value; of the time 8
//            bytes: milliseconds since 1970
//
// Fields of other numbers are skipped. Numbers have their least significant byte first.
namespace weft::messaging::stored {

std::string encode_event(const CloudEvent& event);
/// DATA_LOSS where `body` is no event.
Result<CloudEvent> decode_event(std::string_view body);

}  // namespace weft::messaging::stored
