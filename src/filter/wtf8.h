// WTF-8: UTF-8 in which a lone surrogate stands as its three bytes, so that every JavaScript string has one spelling.
//
// Pure functions, any thread.
#ifndef KASOCKI_FILTER_WTF8_H_
#define KASOCKI_FILTER_WTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kasocki {

inline constexpr uint32_t kMaxCodePoint = 0x10FFFF;

// Reads the code point at text[*at] and moves *at behind it. False if no well-formed one stands there.
bool DecodeWtf8(std::string_view text, size_t* at, uint32_t* code_point);

// Appends the code point as UTF-8; false, and nothing, for a surrogate.
bool AppendUtf8(uint32_t code_point, std::string* out);

// `text` for an error message: valid UTF-8 in any case, at most about 80 bytes, unprintable characters as '?'.
std::string Excerpt(std::string_view text);

}  // namespace kasocki

#endif  // KASOCKI_FILTER_WTF8_H_
