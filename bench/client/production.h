#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// What production sends with each call, beside a deadline: a bearer token of 700 bytes that stays
/// the same, a trace that is another each time, and three more fields of which one is. The same
/// sequence in every run; of one thread.
class ProductionHeaders {
 public:
  ProductionHeaders() { next(); }

  /// Those of the next call.
  void next() {
    draw(traceparent_.data() + 3, 32);
    draw(traceparent_.data() + 36, 16);
    draw(request_id_.data(), request_id_.size());
  }
  /// Calls `add(name, value)` for each.
  template <class Add>
  void for_each(Add&& add) const {
    add(std::string_view("authorization"), std::string_view(token()));
    add(std::string_view("x-tenant"), std::string_view("acme-europe"));
    add(std::string_view("x-client-version"), std::string_view("checkout/4.17.2"));
    add(std::string_view("traceparent"), std::string_view(traceparent_));
    add(std::string_view("x-request-id"), std::string_view(request_id_));
  }

 private:
  static std::uint64_t random() {
    thread_local std::uint64_t number = 42;
    number = number * 0x5851f42d4c957f2d + 0x14057b7ef767814f;
    return number;
  }
  /// Some of the digits become others.
  static void draw(char* digits, std::size_t size) {
    const std::uint64_t number = random();
    for (std::size_t i = 0; i < 4; ++i) {
      digits[(number >> (8 * i)) % size] = "0123456789abcdef"[number >> (32 + 4 * i) & 15];
    }
  }
  static std::string make_token() {
    constexpr std::size_t kSize = 700;
    std::string text = "Bearer ";
    while (text.size() < kSize) {
      text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[random() >> 58];
    }
    return text;
  }
  static const std::string& token() {
    static const std::string made = make_token();
    return made;
  }

  std::string traceparent_ = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  std::string request_id_ = "5c2d6a3f9b1e4c07a8d0f1e2b3c4d5e6";
};

}  // namespace bench
