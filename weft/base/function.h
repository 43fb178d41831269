#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace weft {

template <class Signature>
class UniqueFunction;

/// A callable that is moved, never copied, and owns what it captured. Allocates once; for work that
/// crosses threads or rooms, not for the way of a call (which uses Runnable).
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() noexcept = default;
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, UniqueFunction> &&
             std::is_invocable_r_v<R, F&, Args...>)
  UniqueFunction(F&& function)
      : target_(std::make_unique<Holder<std::remove_cvref_t<F>>>(std::forward<F>(function))) {}

  explicit operator bool() const noexcept { return target_ != nullptr; }
  R operator()(Args... args) { return target_->invoke(std::forward<Args>(args)...); }

 private:
  struct Target {
    virtual ~Target() = default;
    virtual R invoke(Args... args) = 0;
  };
  template <class F>
  struct Holder final : Target {
    explicit Holder(F function) : function_(std::move(function)) {}
    R invoke(Args... args) override { return function_(std::forward<Args>(args)...); }
    F function_;
  };
  std::unique_ptr<Target> target_;
};

}  // namespace weft
