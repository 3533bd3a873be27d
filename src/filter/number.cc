#include "filter/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <system_error>

namespace kasocki {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// std::from_chars says "out of range" of the very large and the very small alike. The decimal exponent of the first
// digit that is not 0 tells them apart.
double OutOfRange(std::string_view token) {
  const bool negative = token.front() == '-';
  if (negative) token.remove_prefix(1);
  int64_t exponent = 0;
  const size_t e = token.find_first_of("eE");
  if (e != std::string_view::npos) {
    bool negative_exponent = false;
    for (const char c : token.substr(e + 1)) {
      if (c == '-') negative_exponent = true;
      // Saturates: no token is long enough to make up for an exponent of a billion.
      if (IsDigit(c) && exponent < 1'000'000'000'000) exponent = exponent * 10 + (c - '0');
    }
    if (negative_exponent) exponent = -exponent;
  }
  const std::string_view digits = token.substr(0, e);
  const size_t point = digits.find('.') == std::string_view::npos ? digits.size() : digits.find('.');
  const size_t first = digits.find_first_of("123456789");
  double value = 0;
  if (first != std::string_view::npos) {
    const int64_t place = static_cast<int64_t>(point) - static_cast<int64_t>(first);
    if (place + exponent > 0) value = std::numeric_limits<double>::infinity();
  }
  return negative ? -value : value;
}

}  // namespace

double ParseJsonNumber(std::string_view token) {
  // What most numbers are: integers that fit a double as they are.
  constexpr size_t kExactDigits = 15;
  if (token.size() <= kExactDigits && token.front() != '-') {
    uint64_t integer = 0;
    size_t i = 0;
    for (; i < token.size() && IsDigit(token[i]); ++i) integer = integer * 10 + static_cast<uint64_t>(token[i] - '0');
    if (i == token.size()) return static_cast<double>(integer);
  }
  double value = 0;
  const auto result = std::from_chars(token.data(), token.data() + token.size(), value);
  if (result.ec == std::errc::result_out_of_range) return OutOfRange(token);
  return value;
}

std::string_view NumberText(double number, char (&buffer)[kNumberTextSize]) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";  // -0 too

  // The shortest digits that read back as the same number, as d.ddde[+-]xx, are what ECMAScript's Number::toString
  // prints as well; only their layout differs.
  char scientific[kNumberTextSize];
  const auto end = std::to_chars(scientific, scientific + sizeof(scientific), number, std::chars_format::scientific);
  const std::string_view text(scientific, static_cast<size_t>(end.ptr - scientific));
  const size_t e = text.find('e');
  char digits[kNumberTextSize];
  int count = 0;
  for (const char c : text.substr(0, e)) {
    if (IsDigit(c)) digits[count++] = c;
  }
  // std::from_chars takes no leading '+'.
  int exponent = 0;
  const size_t exponent_begin = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + exponent_begin, text.data() + text.size(), exponent);
  const int point = exponent + 1;  // n of the specification: the value is 0.digits * 10^point

  char* out = buffer;
  const auto put = [&out](const char* from, int n) {
    std::memcpy(out, from, static_cast<size_t>(n));
    out += n;
  };
  const auto zeros = [&out](int n) {
    std::memset(out, '0', static_cast<size_t>(n));
    out += n;
  };
  if (number < 0) *out++ = '-';
  if (count <= point && point <= 21) {
    put(digits, count);
    zeros(point - count);
  } else if (0 < point && point <= 21) {
    put(digits, point);
    *out++ = '.';
    put(digits + point, count - point);
  } else if (-6 < point && point <= 0) {
    put("0.", 2);
    zeros(-point);
    put(digits, count);
  } else {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      put(digits + 1, count - 1);
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    out = std::to_chars(out, buffer + sizeof(buffer), std::abs(exponent)).ptr;
  }
  return std::string_view(buffer, static_cast<size_t>(out - buffer));
}

std::string_view NumberText(std::string_view token, char (&buffer)[kNumberTextSize]) {
  // Integers up to 15 digits are exact, and what they print as is what stands there (but for "-0").
  constexpr size_t kExactDigits = 15;
  if (token.size() <= kExactDigits &&
      token.find_first_not_of("0123456789", token.front() == '-' ? 1 : 0) == token.npos && token != "-0") {
    return token;
  }
  return NumberText(ParseJsonNumber(token), buffer);
}

}  // namespace kasocki
