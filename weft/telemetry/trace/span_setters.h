#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/telemetry/trace/span_record.h"

namespace weft::telemetry {

namespace internal {
void add_attribute(SpanDetails& details, std::string_view key,
                   std::variant<std::string, std::int64_t, double, bool> value);
void add_event(SpanDetails& details, std::string_view name, TimePoint at,
               std::vector<Attribute> attributes);
void add_link(SpanDetails& details, const TraceContext& to);
std::string text_of(std::string_view text);

template <class T>
std::variant<std::string, std::int64_t, double, bool> value_of(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value;
  } else if constexpr (std::integral<T>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::floating_point<T>) {
    return static_cast<double>(value);
  } else {
    return text_of(std::string_view(value));
  }
}
}  // namespace internal

template <class T>
concept AttributeType =
    std::integral<T> || std::floating_point<T> || std::convertible_to<const T&, std::string_view>;

/// An attribute of an event: `attribute("shop.items", 3)`.
template <AttributeType T>
Attribute attribute(std::string_view key, const T& value) {
  return {std::string(key), internal::value_of(value)};
}

/// What a program says of a span. Does nothing where the span is not recorded. Texts are UTF-8, and
/// cut at kMaxText; what exceeds the limits of span_record.h is counted in the span.
template <class Derived>
class SpanSetters {
 public:
  /// The span is recorded, or held until it is known whether it is: whether attributes that take
  /// work are worth making.
  bool is_recording() const noexcept { return self().details() != nullptr; }

  /// An attribute; a key that was set before gets the new value.
  template <AttributeType T>
  Derived& set(std::string_view key, const T& value) {
    if (SpanDetails* const details = self().details()) {
      internal::add_attribute(*details, key, internal::value_of(value));
    }
    return self();
  }
  /// Something that happens now.
  Derived& event(std::string_view name, std::vector<Attribute> attributes = {}) {
    if (SpanDetails* const details = self().details()) {
      internal::add_event(*details, name, self().now(), std::move(attributes));
    }
    return self();
  }
  /// A span of another trace that has to do with this one: the message that a batch began with.
  Derived& link(const TraceContext& to) {
    if (SpanDetails* const details = self().details()) internal::add_link(*details, to);
    return self();
  }

 private:
  friend Derived;
  SpanSetters() = default;
  Derived& self() noexcept { return static_cast<Derived&>(*this); }
  const Derived& self() const noexcept { return static_cast<const Derived&>(*this); }
};

}  // namespace weft::telemetry
