// Input: takes a fuzzer's bytes apart.
#ifndef KASOCKI_FUZZ_INPUT_H_
#define KASOCKI_FUZZ_INPUT_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "common/padding.h"

namespace kasocki::fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  // Up to the next zero byte, which separates the parts of an input.
  std::string_view Part() {
    std::string_view part = rest_.substr(0, rest_.find('\0'));
    rest_.remove_prefix(std::min(rest_.size(), part.size() + 1));
    return part;
  }

  std::string_view Rest() { return std::exchange(rest_, {}); }

 private:
  std::string_view rest_;
};

// A text as the scanner wants it: with readable bytes behind it, whose values must not matter. A heap block of the very
// size, so that AddressSanitizer sees who reads further.
class PaddedText {
 public:
  PaddedText(std::string_view text, char padding) : size_(text.size()), bytes_(new char[text.size() + kPadding]) {
    std::copy(text.begin(), text.end(), bytes_);
    std::fill_n(bytes_ + size_, kPadding, padding);
  }
  ~PaddedText() { delete[] bytes_; }
  PaddedText(const PaddedText&) = delete;
  PaddedText& operator=(const PaddedText&) = delete;
  std::string_view view() const { return {bytes_, size_}; }

 private:
  const size_t size_;
  char* const bytes_;
};

// Ends the run with what was expected and is not so.
inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

}  // namespace kasocki::fuzz

#endif  // KASOCKI_FUZZ_INPUT_H_
