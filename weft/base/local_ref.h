#pragma once

#include <cstdint>
#include <utility>

namespace weft {

/// Base of objects that are shared by reference count among things of one thread: no atomics.
class LocalCounted {
 public:
  LocalCounted() noexcept = default;
  LocalCounted(const LocalCounted&) = delete;
  LocalCounted& operator=(const LocalCounted&) = delete;

 protected:
  ~LocalCounted() = default;

 private:
  template <class T>
  friend class LocalRef;
  mutable std::uint32_t references_ = 1;
};

/// Owns one reference to a T, a LocalCounted; the last one deletes it. Null when made without one.
template <class T>
class LocalRef {
 public:
  LocalRef() noexcept = default;
  template <class... Args>
  static LocalRef make(Args&&... args) {
    return LocalRef(new T(std::forward<Args>(args)...));
  }
  LocalRef(const LocalRef& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) ++object_->references_;
  }
  LocalRef(LocalRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  LocalRef& operator=(LocalRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~LocalRef() {
    if (object_ != nullptr && --object_->references_ == 0) delete object_;
  }

  T* get() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  explicit LocalRef(T* object) noexcept : object_(object) {}
  T* object_ = nullptr;
};

}  // namespace weft
