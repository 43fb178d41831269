#pragma once

#include <memory>
#include <utility>

#include "weft/coro/frame/frame_pool.h"

namespace weft::rpc {

/// Values of any types, one of each: what middlewares leave on a Call. A list, since there are few;
/// needs no RTTI. Types are told apart by the address of a variable, so a type that is used in
/// several shared libraries must have default visibility.
class Attachments {
 public:
  Attachments() noexcept = default;
  Attachments(const Attachments&) = delete;
  Attachments& operator=(const Attachments&) = delete;
  ~Attachments() {
    while (first_ != nullptr) first_ = std::move(first_->next);
  }

  /// In place of an earlier value of this type.
  template <class T>
  T& put(T value) {
    static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__, "the frame pool aligns to that");
    auto box = std::make_unique<Box<T>>(std::move(value));
    T& kept = box->value;
    remove(&kKey<T>);
    box->next = std::move(first_);
    first_ = std::move(box);
    return kept;
  }
  /// Null where there is none of this type. The pointer holds until another value is put.
  template <class T>
  T* find() const noexcept {
    for (Entry* entry = first_.get(); entry != nullptr; entry = entry->next.get()) {
      if (entry->key == &kKey<T>) return &static_cast<Box<T>*>(entry)->value;
    }
    return nullptr;
  }

 private:
  // Not const: linkers may fold constants that are equal.
  template <class T>
  inline static char kKey = 0;

  struct Entry : coro::Pooled {
    explicit Entry(const void* type) noexcept : key(type) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry() = default;
    const void* key;
    std::unique_ptr<Entry> next;
  };
  template <class T>
  struct Box final : Entry {
    explicit Box(T given) : Entry(&kKey<T>), value(std::move(given)) {}
    T value;
  };
  void remove(const void* key) noexcept {
    for (std::unique_ptr<Entry>* at = &first_; *at != nullptr; at = &(*at)->next) {
      if ((*at)->key != key) continue;
      *at = std::move((*at)->next);
      return;
    }
  }

  std::unique_ptr<Entry> first_;
};

}  // namespace weft::rpc
