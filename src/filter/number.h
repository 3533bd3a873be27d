// JSON numbers as JavaScript understands them: always a double.
//
// Pure functions, any thread; independent of the locale.
#ifndef KASOCKI_FILTER_NUMBER_H_
#define KASOCKI_FILTER_NUMBER_H_

#include <cstddef>
#include <string_view>

namespace kasocki {

// The double that JSON.parse makes of a number token: correctly rounded, 1e400 is Infinity, 1e-400 is 0.
// `token` must follow JSON's grammar.
double ParseJsonNumber(std::string_view token);

// Room for the longest text of a number ("-0.0000012345678901234567" and the like).
inline constexpr size_t kNumberTextSize = 32;

// What JavaScript's String(number) gives, written into `buffer`: shortest digits, decimal from 1e-6 up to below 1e21.
std::string_view NumberText(double number, char (&buffer)[kNumberTextSize]);

// The same of a number token.
std::string_view NumberText(std::string_view token, char (&buffer)[kNumberTextSize]);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_NUMBER_H_
