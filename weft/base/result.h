#pragma once

#include <cassert>
#include <concepts>
#include <optional>
#include <utility>

#include "weft/base/status.h"

namespace weft {

/// A value, or the Status that says why there is none. Never both, never an OK status without
/// value.
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::same_as<T, Status>, "a Status is a result already");

 public:
  using value_type = T;

  // In place, so that a T that is itself an optional may be made of nullopt.
  Result(const T& value) : value_(std::in_place, value) {}
  Result(T&& value) : value_(std::in_place, std::move(value)) {}
  template <class U>
    requires(std::convertible_to<U, T> && !std::same_as<std::remove_cvref_t<U>, Result> &&
             !std::same_as<std::remove_cvref_t<U>, Status> &&
             !std::same_as<std::remove_cvref_t<U>, T>)
  Result(U&& value) : value_(std::in_place, std::forward<U>(value)) {}
  /// Of a value that is made here.
  template <class... Arguments>
    requires std::constructible_from<T, Arguments...>
  Result(std::in_place_t, Arguments&&... arguments)
      : value_(std::in_place, std::forward<Arguments>(arguments)...) {}
  Result(Status status) : status_(std::move(status)) {
    if (status_.ok()) status_ = internal_error("an OK status was returned where a value is due");
  }

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }

  /// OK when there is a value.
  const Status& status() const& noexcept { return status_; }
  Status status() && noexcept { return std::move(status_); }

  /// The value; only when ok().
  T& value() & {
    assert(ok());
    return *value_;
  }
  const T& value() const& {
    assert(ok());
    return *value_;
  }
  T&& value() && {
    assert(ok());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace weft
