// Bytes that the JSON scanner may read (never interpret) behind the end of a text.
#ifndef KASOCKI_COMMON_PADDING_H_
#define KASOCKI_COMMON_PADDING_H_

#include <cstddef>

namespace kasocki {

// simdjson reads in blocks of 64 bytes; every text given to it is followed by as many readable bytes.
inline constexpr size_t kPadding = 64;

}  // namespace kasocki

#endif  // KASOCKI_COMMON_PADDING_H_
