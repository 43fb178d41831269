#pragma once

#include <type_traits>
#include <variant>

namespace weft::coro {

/// What a task gives, as a type that can be stored.
template <class T>
using ValueOf = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace weft::coro
