#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weft::codec {

/// A message object that the thread has used before, or a new one: what it parses into has the
/// memory of its strings and fields already. It returns when this ends, to whichever thread that
/// is.
///
/// An object that it adopts is destroyed by kDestroy, not here.
///
/// What stays allocated is bounded: a thread keeps 16 objects of a type, none that has ever held
/// more than 4 KiB, and each until it has held 64 KiB in all, since fields that were set once keep
/// their memory. The object is not cleared: parsing begins with that.
template <class M, auto kDestroy = nullptr>
class Reused {
 public:
  Reused() {
    if (shelf_.count == 0) {
      object_ = new M;
    } else {
      const auto& [object, held] = shelf_.objects[--shelf_.count];
      object_ = object;
      held_ = held;
    }
  }
  Reused(const Reused&) = delete;
  Reused& operator=(const Reused&) = delete;
  ~Reused() {
    if (adopted_) [[unlikely]] {
      if constexpr (kDestroy != nullptr) kDestroy(object_);
    } else if (held_ >= kMostInAll || shelf_.count == kMostObjects || !open_shelf()) {
      delete object_;
    } else {
      shelf_.objects[shelf_.count++] = {object_, held_};
    }
  }

  M& operator*() const noexcept { return *object_; }
  /// A message of this many bytes was parsed into the object.
  void note_parsed(std::size_t bytes) noexcept {
    held_ += bytes <= kMostAtOnce ? static_cast<std::uint32_t>(bytes) : kMostInAll;
  }
  /// Has `object`, which kDestroy is called with in the end, in place of its own.
  void adopt(M* object) noexcept
    requires(kDestroy != nullptr)
  {
    kDestroy(std::exchange(object_, object));
    adopted_ = true;
  }

 private:
  static constexpr std::size_t kMostObjects = 16;
  static constexpr std::size_t kMostAtOnce = 4096;
  static constexpr std::uint32_t kMostInAll = 64 * 1024;

  struct Place {
    M* object;
    std::uint32_t held;
  };
  // Trivially destructible, so that it may be looked at when the thread's other things have gone.
  struct Shelf {
    std::array<Place, kMostObjects> objects;
    std::uint32_t count;
    bool watched;
    bool closed;
  };
  struct Closer {
    ~Closer() {
      shelf_.closed = true;
      while (shelf_.count != 0) delete shelf_.objects[--shelf_.count].object;
    }
  };
  static bool open_shelf() {
    if (!shelf_.watched) [[unlikely]] {
      static thread_local Closer closer;
      shelf_.watched = true;
    }
    return !shelf_.closed;
  }
  inline static constinit thread_local Shelf shelf_{};

  M* object_;
  std::uint32_t held_ = 0;
  bool adopted_ = false;
};

}  // namespace weft::codec
