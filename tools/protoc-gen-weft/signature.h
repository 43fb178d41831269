#pragma once

#include <cstdint>
#include <string>

#include "tools/protoc-gen-weft/model.h"

namespace weft::generator {

/// Which class a method is generated for.
enum class Role : std::uint8_t { Handler, Client, BlockingClient, Calls };

/// The type a method returns in that class.
std::string return_type(const MethodModel& method, Role role);

/// A method's parameters, without the parentheses: as declared (with names and default arguments),
/// or as defined (with the names that the generated body uses). Broken into lines where they are
/// long.
std::string declared_parameters(const MethodModel& method, Role role);
std::string defined_parameters(const MethodModel& method, Role role);

}  // namespace weft::generator
