#pragma once

#include <string>
#include <string_view>

namespace weft::middleware {

/// What is wrong with a method that a config names, as far as the services tell that are linked
/// into this program: "hello.Greeter has no method 'SayHelo'; it has SayHello", "no service of this
/// program is called 'hello.Greter'". Empty where nothing is. An empty `method` means all of the
/// service's.
std::string doubt_about(std::string_view service, std::string_view method);

/// Logs a doubt as a warning. It is no error: versions of a program share a config, and the older
/// does not have the newer one's methods.
void warn_of_doubt(std::string_view config, std::string_view service, std::string_view method);

}  // namespace weft::middleware
