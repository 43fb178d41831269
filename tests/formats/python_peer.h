#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kinds.pb.h"

namespace weft::test {

/// Gives a script of tests/formats, which is Python, a message in a format and reads what the
/// script makes of it: the same message. Skips the test where Python has not the script's module.
void exchange_with_python(std::string_view script, std::string_view bytes,
                          const std::function<void(const std::string&)>& read_answer);

/// Whether two messages are the same.
void expect_same(const formats::Kinds& wanted, const formats::Kinds& found);

}  // namespace weft::test
