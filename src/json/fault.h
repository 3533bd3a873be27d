// Where a text is wrong that cannot even be cut into tokens.
#ifndef KASOCKI_JSON_FAULT_H_
#define KASOCKI_JSON_FAULT_H_

#include <cstddef>
#include <string_view>

namespace kasocki {

struct TextFault {
  const char* what;  // a static phrase
  size_t position;   // the byte
};

// The first of: bytes that are not UTF-8, a control character in a string, a string without an end. For a text that has
// such a fault; a text without one is said to be at fault at its end.
TextFault FindTextFault(std::string_view text);

// The length of the UTF-8 sequence at `position`, 0 if what stands there is none.
size_t Utf8SequenceLength(std::string_view text, size_t position);

}  // namespace kasocki

#endif  // KASOCKI_JSON_FAULT_H_
