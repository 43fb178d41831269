#include "weft/codec/schema/text/number.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>

#include "weft/base/text/ascii.h"

namespace weft::codec {
namespace {

const char* digits_end(const char* at, const char* end) noexcept {
  while (at != end && ascii::is_digit(*at)) ++at;
  return at;
}

/// A number as 0.DIGITS * 10^exponent, where the digits neither begin nor end with a zero.
struct Decimal {
  bool negative = false;
  int count = 0;             // of significant digits
  std::uint64_t digits = 0;  // of the first 20 of them
  bool overflow = false;     // of `digits`
  std::int64_t exponent = 0;
};

// An exponent that no text of a size we read makes small again.
constexpr std::int64_t kLargestExponent = 1'000'000'000'000;

std::int64_t exponent_of(const char* at, const char* end) noexcept {
  const bool negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+')) ++at;
  std::int64_t value = 0;
  for (; at != end; ++at) {
    if (value < kLargestExponent) value = value * 10 + (*at - '0');
  }
  return negative ? -value : value;
}

void add_digit(Decimal& out, int digit) noexcept {
  if (out.digits > (UINT64_MAX - static_cast<std::uint64_t>(digit)) / 10) {
    out.overflow = true;
    return;
  }
  out.digits = out.digits * 10 + static_cast<std::uint64_t>(digit);
}

/// Of a text that is a JSON number.
Decimal decimal_of(std::string_view text) noexcept {
  Decimal out;
  const char* at = text.data();
  const char* const end = at + text.size();
  if (*at == '-') {
    out.negative = true;
    ++at;
  }
  bool fraction = false;
  std::int64_t zeros = 0;  // that came since the last other digit
  for (; at != end && *at != 'e' && *at != 'E'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    const int digit = *at - '0';
    const bool leading = out.count == 0 && digit == 0;
    if (!fraction && !leading) ++out.exponent;
    if (fraction && leading) --out.exponent;
    if (leading) continue;
    if (digit == 0) {
      ++zeros;
      continue;
    }
    for (; zeros > 0 && !out.overflow; --zeros, ++out.count) add_digit(out, 0);
    zeros = 0;
    add_digit(out, digit);
    ++out.count;
  }
  if (at != end) out.exponent += exponent_of(at + 1, end);
  return out;
}

constexpr std::uint64_t kPowersOfTen[] = {1ULL,
                                          10ULL,
                                          100ULL,
                                          1000ULL,
                                          10000ULL,
                                          100000ULL,
                                          1000000ULL,
                                          10000000ULL,
                                          100000000ULL,
                                          1000000000ULL,
                                          10000000000ULL,
                                          100000000000ULL,
                                          1000000000000ULL,
                                          10000000000000ULL,
                                          100000000000000ULL,
                                          1000000000000000ULL,
                                          10000000000000000ULL,
                                          100000000000000000ULL,
                                          1000000000000000000ULL,
                                          10000000000000000000ULL};

/// The T nearest to bits * 2^exponent, where the highest of the 64 bits is set and `inexact` says
/// that something smaller than the lowest one follows. Ties go to the even neighbour (IEEE 754).
/// The result is a normal number: the callers' exponents are far from the limits.
template <class T>
T rounded(std::uint64_t bits, int exponent, bool inexact) noexcept {
  constexpr int kDropped = 64 - std::numeric_limits<T>::digits;
  constexpr std::uint64_t kHalf = std::uint64_t{1} << (kDropped - 1);
  std::uint64_t kept = bits >> kDropped;
  const std::uint64_t rest = bits & (2 * kHalf - 1);
  if (rest > kHalf || (rest == kHalf && (inexact || (kept & 1) != 0))) ++kept;
  // A carry out of the highest bit makes a power of two, which is as exact. The other factor is a
  // power of two, made of its exponent.
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  const auto power =
      static_cast<Bits>(exponent + kDropped + std::numeric_limits<T>::max_exponent - 1)
      << (std::numeric_limits<T>::digits - 1);
  return static_cast<T>(kept) * std::bit_cast<T>(power);
}

__extension__ using Wide = unsigned __int128;

/// A quotient that is known to fit.
std::uint64_t quotient_of(Wide dividend, std::uint64_t divisor) noexcept {
#if defined(__x86_64__)
  std::uint64_t quotient = static_cast<std::uint64_t>(dividend);
  std::uint64_t rest = static_cast<std::uint64_t>(dividend >> 64);
  __asm__("divq %2" : "+a"(quotient), "+d"(rest) : "r"(divisor) : "cc");
  return quotient;
#else
  return static_cast<std::uint64_t>(dividend / divisor);
#endif
}

/// digits * 10^exponent, rounded once; exponent is -19 to 19. Exact in 128 bits: a product, or a
/// quotient whose remainder says whether something follows.
template <class T>
T scaled(std::uint64_t digits, int exponent) noexcept {
  if (digits == 0) return 0;
  // Both are exact as doubles, so their product or quotient is rounded once, too.
  if (std::is_same_v<T, double> && digits >> std::numeric_limits<double>::digits == 0) {
    const auto power = static_cast<T>(kPowersOfTen[std::abs(exponent)]);
    const auto whole = static_cast<T>(digits);
    return exponent >= 0 ? whole * power : whole / power;
  }
  if (exponent >= 0) {
    Wide product = Wide{digits} * kPowersOfTen[exponent];
    const auto high = static_cast<std::uint64_t>(product >> 64);
    const int shift = high != 0 ? std::countl_zero(high)
                                : 64 + std::countl_zero(static_cast<std::uint64_t>(product));
    product <<= shift;
    return rounded<T>(static_cast<std::uint64_t>(product >> 64), 64 - shift,
                      static_cast<std::uint64_t>(product) != 0);
  }
  // Both with their highest bit set, and the dividend below the divisor, so that the quotient has
  // 64 bits, or 63.
  const std::uint64_t power = kPowersOfTen[-exponent];
  const int up = std::countl_zero(digits);
  const int power_up = std::countl_zero(power);
  const std::uint64_t divisor = power << power_up;
  const Wide dividend = Wide{digits << up} << 63;
  std::uint64_t quotient = quotient_of(dividend, divisor);
  const bool inexact = static_cast<std::uint64_t>(dividend) != quotient * divisor;
  int scale = power_up - up - 63;
  const int short_by = std::countl_zero(quotient);
  quotient <<= short_by;
  scale -= short_by;
  return rounded<T>(quotient, scale, inexact);
}

template <class T>
const char* quick_floating(const char* at, const char* end, T& out) noexcept {
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  const char* const begin = at;
  std::uint64_t digits = 0;
  eat_digits(at, end, digits);
  if (at == begin || (*begin == '0' && at - begin > 1)) return nullptr;
  auto count = at - begin;
  std::ptrdiff_t exponent = 0;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    eat_digits(at, end, digits);
    if (at == fraction) return nullptr;
    exponent = fraction - at;
    count += at - fraction;
    // "0.000123": zeros in front are no digits.
    if (*begin == '0') {
      --count;
      for (const char* zero = fraction; zero != at && *zero == '0'; ++zero) --count;
    }
  }
  if (count > 19 || exponent < -19) return nullptr;
  if (at != end && (*at == 'e' || *at == 'E')) {
    const char* const power = ++at;
    while (at != end && (ascii::is_digit(*at) || ((*at == '-' || *at == '+') && at == power))) ++at;
    if (at - power > 4 || at == power || !ascii::is_digit(at[-1])) return nullptr;
    exponent += exponent_of(power, at);
    if (exponent < -19 || exponent > 19) return nullptr;
  }
  const T value = scaled<T>(digits, static_cast<int>(exponent));
  out = negative ? -value : value;
  return at;
}

template <class T>
FloatFault read_floating(std::string_view text, T& out) noexcept {
  const char* const end = text.data() + text.size();
  if (text.empty() || number_end(text.data(), end) != end) return FloatFault::NotANumber;
  const auto [at, error] = std::from_chars(text.data(), end, out);
  if (error == std::errc()) [[likely]] {
    return std::isinf(out) ? FloatFault::TooLarge : FloatFault::None;
  }
  // Out of range: too large, or so small that it is 0.
  const Decimal decimal = decimal_of(text);
  if (decimal.count != 0 && decimal.exponent > 0) return FloatFault::TooLarge;
  out = decimal.negative ? T{-0.0} : T{0};
  return FloatFault::None;
}

char* put_text(std::string_view text, char* to) noexcept {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// A decimal of up to four places, which prices and measurements are; null for other values. What
/// has up to 15 digits and is read as the value is the shortest text that is: no two of them are
/// read as the same double. The search for the shortest one among all costs ten times as much.
char* put_few_places(double value, char* to) noexcept {
  constexpr std::uint64_t kScale = 10'000;
  constexpr double kLeast = 0.01;  // below that "1e-03" is as short
  constexpr double kBound = 1e11;  // 15 digits with the places
  const double size = std::fabs(value);
  if (!(size >= kLeast && size < kBound)) return nullptr;
  const auto scaled = static_cast<std::uint64_t>(size * static_cast<double>(kScale) + 0.5);
  if (static_cast<double>(scaled) / static_cast<double>(kScale) != size) return nullptr;
  *to = '-';
  to = put_unsigned(scaled / kScale, to + (std::signbit(value) ? 1 : 0));
  *to++ = '.';
  const std::uint64_t places = eight_digits(scaled % kScale * kScale);
  const std::uint64_t text = places | kZeros;
  std::memcpy(to, &text, sizeof text);
  return to + (sizeof text - static_cast<std::size_t>(std::countl_zero(places)) / 8);
}
char* put_few_places(float, char*) noexcept { return nullptr; }

template <class T>
char* put_floating(T value, T whole_below, char* to) noexcept {
  // Whole numbers, which are common, do not go through the search for the shortest decimal.
  if (value > -whole_below && value < whole_below) {
    const auto whole = static_cast<std::int64_t>(value);
    if (static_cast<T>(whole) == value && (whole != 0 || !std::signbit(value))) {
      return put_signed(whole, to);
    }
  }
  if (char* const end = put_few_places(value, to); end != nullptr) return end;
  if (std::isfinite(value)) return std::to_chars(to, to + kLongestNumber, value).ptr;
  if (std::isnan(value)) return put_text("\"NaN\"", to);
  return put_text(value > 0 ? "\"Infinity\"" : "\"-Infinity\"", to);
}

}  // namespace

const char* number_end(const char* at, const char* end) noexcept {
  const char* const begin = at;
  if (at != end && *at == '-') ++at;
  if (at == end || !ascii::is_digit(*at)) return begin;
  at = *at == '0' ? at + 1 : digits_end(at, end);
  if (at != end && *at == '.') {
    const char* const fraction = at + 1;
    at = digits_end(fraction, end);
    if (at == fraction) return begin;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '-' || *at == '+')) ++at;
    const char* const exponent = at;
    at = digits_end(exponent, end);
    if (at == exponent) return begin;
  }
  return at;
}

IntegerFault read_integer(std::string_view text, Integer& out) noexcept {
  const char* const end = text.data() + text.size();
  if (text.empty() || number_end(text.data(), end) != end) return IntegerFault::NotANumber;
  Decimal decimal = decimal_of(text);
  out.negative = decimal.negative;
  out.magnitude = 0;
  if (decimal.count == 0) return IntegerFault::None;
  if (decimal.exponent > 20) return IntegerFault::TooLarge;
  if (decimal.exponent < decimal.count) return IntegerFault::NotWhole;
  if (decimal.overflow) return IntegerFault::TooLarge;
  for (std::int64_t i = decimal.count; i < decimal.exponent; ++i) add_digit(decimal, 0);
  if (decimal.overflow) return IntegerFault::TooLarge;
  out.magnitude = decimal.digits;
  return IntegerFault::None;
}

const char* quick_double(const char* at, const char* end, double& out) noexcept {
  return quick_floating(at, end, out);
}

const char* quick_float(const char* at, const char* end, float& out) noexcept {
  return quick_floating(at, end, out);
}

FloatFault read_double(std::string_view text, double& out) noexcept {
  return read_floating(text, out);
}

FloatFault read_float(std::string_view text, float& out) noexcept {
  return read_floating(text, out);
}

char* put_double(double value, char* to) noexcept { return put_floating(value, 1e15, to); }
char* put_float(float value, char* to) noexcept { return put_floating(value, 1e7F, to); }

}  // namespace weft::codec
