#pragma once

#include <concepts>
#include <iosfwd>
#include <optional>
#include <utility>

#include "weft/base/status.h"

namespace weft {
namespace base {

/// Ends the program: a Result without a value was used as if it had one.
[[noreturn, gnu::cold]] void no_value(const Status& status) noexcept;

}  // namespace base

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
  /// Constructs the value in place.
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

  /// The value; only when ok(). Else the program ends, in every build, with the status on the log.
  T& value() & {
    check();
    return *value_;
  }
  const T& value() const& {
    check();
    return *value_;
  }
  T&& value() && {
    check();
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void check() const noexcept {
    if (!ok()) [[unlikely]]
      base::no_value(status_);
  }

  std::optional<T> value_;
  Status status_;
};

/// For tests and logs: the value where it can be written, "OK" where it cannot, or the status.
template <class T>
std::ostream& operator<<(std::ostream& out, const Result<T>& result) {
  if (!result.ok()) return out << result.status();
  if constexpr (requires { out << *result; }) {
    return out << *result;
  } else if constexpr (requires { result->ShortDebugString(); }) {
    return out << result->ShortDebugString();
  } else {
    return out << Status();
  }
}

}  // namespace weft
