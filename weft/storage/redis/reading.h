#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/storage/redis/protocol/number.h"
#include "weft/storage/redis/value.h"

/// The C++ types that values of replies become: bool, integers, float and double, std::string,
/// std::string_view (valid as long as the Value), Bytes; std::optional, which is the only one that
/// takes null; std::vector of arrays and sets; std::pair and std::tuple of arrays of their size;
/// std::map, std::unordered_map and std::vector of pairs of maps.
///
/// Numbers are read from texts too, since Redis keeps what it counts as text.
namespace weft::redis {

/// Whether a T stays valid when the Value that it was read from is gone. Specialise it as false for
/// a type of your own that refers to the Value's text.
template <class T>
struct OwnsItsText : std::true_type {};
template <>
struct OwnsItsText<std::string_view> : std::false_type {};
template <>
struct OwnsItsText<ValueView> : std::false_type {};
template <class T>
struct OwnsItsText<std::optional<T>> : OwnsItsText<T> {};
template <class T>
struct OwnsItsText<std::vector<T>> : OwnsItsText<T> {};
template <class A, class B>
struct OwnsItsText<std::pair<A, B>> : std::conjunction<OwnsItsText<A>, OwnsItsText<B>> {};
template <class... T>
struct OwnsItsText<std::tuple<T...>> : std::conjunction<OwnsItsText<T>...> {};
template <class K, class V>
struct OwnsItsText<std::map<K, V>> : std::conjunction<OwnsItsText<K>, OwnsItsText<V>> {};
template <class K, class V>
struct OwnsItsText<std::unordered_map<K, V>> : std::conjunction<OwnsItsText<K>, OwnsItsText<V>> {};

/// The Status for a value that is no `wanted`: an Error's own, or INTERNAL.
[[gnu::cold]] Status no_reading(const ValueView& value, std::string_view wanted);

namespace internal {

/// The elements of an array of exactly that many.
template <class... T>
Status read_each(const ValueView& value, T&... into) {
  if (value.type() != Type::Array || value.size() != sizeof...(T)) {
    return no_reading(value, "an array of " + std::to_string(sizeof...(T)));
  }
  ValueView::Iterator at = value.begin();
  Status status;
  const auto read = [&](auto& one) {
    status = Reading<std::remove_reference_t<decltype(one)>>::read(*at, one);
    ++at;
    return status.ok();
  };
  static_cast<void>((read(into) && ...));
  return status;
}

/// Calls `add(key, value)` for each entry of a map, or of an array in which keys and values take
/// turns, as RESP2 has it.
template <class K, class V, class Add>
Status read_entries(const ValueView& value, Add add) {
  const bool fits =
      value.type() == Type::Map || (value.type() == Type::Array && value.size() % 2 == 0);
  if (!fits) return no_reading(value, "a map");
  for (ValueView::Iterator at = value.begin(); at != value.end(); ++at) {
    K key{};
    V mapped{};
    Status status = Reading<K>::read(*at, key);
    if (status.ok()) status = Reading<V>::read(*++at, mapped);
    if (!status.ok()) return status;
    add(std::move(key), std::move(mapped));
  }
  return {};
}

template <class Map>
Status read_map(const ValueView& value, Map& into) {
  return read_entries<typename Map::key_type, typename Map::mapped_type>(
      value, [&](auto key, auto mapped) { into.emplace(std::move(key), std::move(mapped)); });
}

}  // namespace internal

template <>
struct Reading<bool> {
  /// Many commands answer 0 or 1.
  static Status read(const ValueView& value, bool& into) {
    into = value.integer() != 0;
    const bool fits =
        value.type() == Type::Bool || (value.type() == Type::Integer && value.integer() >> 1 == 0);
    return fits ? Status() : no_reading(value, "a bool");
  }
};

template <std::integral T>
struct Reading<T> {
  static Status read(const ValueView& value, T& into) {
    if (value.type() == Type::Integer && std::in_range<T>(value.integer())) {
      into = static_cast<T>(value.integer());
      return {};
    }
    if (read_number(value.text(), into) && value.type() != Type::Error) return {};
    return no_reading(value, "an integer in its range");
  }
};

template <std::floating_point T>
struct Reading<T> {
  /// An integer that a T cannot hold is refused.
  static Status read(const ValueView& value, T& into) {
    constexpr std::int64_t kExact = std::int64_t{1} << std::numeric_limits<T>::digits;
    if (value.type() == Type::Double) {
      into = static_cast<T>(value.real());
      return {};
    }
    if (value.type() == Type::Integer && value.integer() >= -kExact && value.integer() <= kExact) {
      into = static_cast<T>(value.integer());
      return {};
    }
    if (value.type() == Type::Text && read_number(value.text(), into)) return {};
    return no_reading(value, "a double");
  }
};

template <>
struct Reading<std::string_view> {
  static Status read(const ValueView& value, std::string_view& into) {
    if (value.type() != Type::Text && value.type() != Type::BigNumber) {
      return no_reading(value, "text");
    }
    into = value.text();
    return {};
  }
};

template <>
struct Reading<std::string> {
  static Status read(const ValueView& value, std::string& into) {
    std::string_view text;
    Status status = Reading<std::string_view>::read(value, text);
    into = text;
    return status;
  }
};

template <>
struct Reading<Bytes> {
  static Status read(const ValueView& value, Bytes& into) {
    std::string_view text;
    Status status = Reading<std::string_view>::read(value, text);
    into = Bytes::copy_of(text);
    return status;
  }
};

template <class T>
struct Reading<std::optional<T>> {
  static Status read(const ValueView& value, std::optional<T>& into) {
    if (!value.is_null()) return Reading<T>::read(value, into.emplace());
    into.reset();
    return {};
  }
};

template <class T>
struct Reading<std::vector<T>> {
  static Status read(const ValueView& value, std::vector<T>& into) {
    if (value.type() != Type::Array && value.type() != Type::Set && value.type() != Type::Push) {
      return no_reading(value, "an array");
    }
    into.reserve(value.size());
    for (const ValueView element : value) {
      T one{};
      Status status = Reading<T>::read(element, one);
      if (!status.ok()) return status;
      into.push_back(std::move(one));
    }
    return {};
  }
};

template <class A, class B>
struct Reading<std::vector<std::pair<A, B>>> {
  /// Of a map, or an array of arrays of two.
  static Status read(const ValueView& value, std::vector<std::pair<A, B>>& into) {
    into.reserve(value.type() == Type::Map ? value.size() / 2 : value.size());
    if (value.type() == Type::Map) {
      return internal::read_entries<A, B>(
          value, [&](A key, B mapped) { into.emplace_back(std::move(key), std::move(mapped)); });
    }
    if (value.type() != Type::Array) return no_reading(value, "a map");
    for (const ValueView element : value) {
      auto& [first, second] = into.emplace_back();
      Status status = internal::read_each(element, first, second);
      if (!status.ok()) return status;
    }
    return {};
  }
};

template <class A, class B>
struct Reading<std::pair<A, B>> {
  static Status read(const ValueView& value, std::pair<A, B>& into) {
    return internal::read_each(value, into.first, into.second);
  }
};

template <class... T>
struct Reading<std::tuple<T...>> {
  static Status read(const ValueView& value, std::tuple<T...>& into) {
    return std::apply([&](T&... each) { return internal::read_each(value, each...); }, into);
  }
};

template <class K, class V>
struct Reading<std::map<K, V>> {
  static Status read(const ValueView& value, std::map<K, V>& into) {
    return internal::read_map(value, into);
  }
};

template <class K, class V>
struct Reading<std::unordered_map<K, V>> {
  static Status read(const ValueView& value, std::unordered_map<K, V>& into) {
    return internal::read_map(value, into);
  }
};

}  // namespace weft::redis
