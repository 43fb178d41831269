#pragma once

#include <cstdint>
#include <string_view>

#include "weft/codec/schema/text/digits.h"

namespace weft::codec {

/// The end of the number of JSON's grammar (RFC 8259 section 6) at `at`; `at` where there is none.
const char* number_end(const char* at, const char* end) noexcept;

/// An integer as a JSON number gives it.
struct Integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

enum class IntegerFault : std::uint8_t { None, NotANumber, NotWhole, TooLarge };

/// The value of `text`, all of which has to be a JSON number: "1e3" and "1000.0" are whole numbers,
/// too. TooLarge: its magnitude is beyond 64 bits.
IntegerFault read_integer(std::string_view text, Integer& out) noexcept;

enum class FloatFault : std::uint8_t { None, NotANumber, TooLarge };

/// Reads the number at `at`, if it is a plain one: up to 19 digits and an exponent of up to 19 in
/// either direction. Returns its end; null for all others, right or wrong, which take a longer way.
const char* quick_double(const char* at, const char* end, double& out) noexcept;
const char* quick_float(const char* at, const char* end, float& out) noexcept;

/// The nearest value of a JSON number, that is all of `text`.
FloatFault read_double(std::string_view text, double& out) noexcept;
FloatFault read_float(std::string_view text, float& out) noexcept;

inline constexpr int kLongestNumber = 32;

// The shortest text that reads as the same value; for NaN and the infinities with quotes around it.
// `to` has room for kLongestNumber; returns the end.
char* put_double(double value, char* to) noexcept;
char* put_float(float value, char* to) noexcept;

}  // namespace weft::codec
