// SipHash: a hash of texts that others choose. Who does not know the key can't make texts that collide.
//
// By Aumasson and Bernstein. With one round a word and three at the end it is what Rust and Python use for their tables.
// Pure functions, any thread.
#ifndef KASOCKI_COMMON_SIPHASH_H_
#define KASOCKI_COMMON_SIPHASH_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

namespace kasocki {

struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;

  // A key that nobody can guess, from the operating system.
  static SipKey Random() {
    std::random_device device;
    const auto word = [&device] { return uint64_t{device()} << 32 | device(); };
    const uint64_t k0 = word();
    return {k0, word()};
  }
};

template <int kWordRounds = 1, int kFinalRounds = 3>
uint64_t SipHash(const SipKey& key, std::string_view text) {
  uint64_t v0 = key.k0 ^ 0x736f6d6570736575;
  uint64_t v1 = key.k1 ^ 0x646f72616e646f6d;
  uint64_t v2 = key.k0 ^ 0x6c7967656e657261;
  uint64_t v3 = key.k1 ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32) + v3;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  };
  const auto absorb = [&](uint64_t word) {
    v3 ^= word;
    rounds(kWordRounds);
    v0 ^= word;
  };
  const char* p = text.data();
  size_t left = text.size();
  uint64_t word;
  for (; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
    std::memcpy(&word, p, sizeof(word));
    absorb(word);
  }
  // The order of bytes in a word is the machine's: hashes never leave the process.
  word = 0;
  if (left > 0) std::memcpy(&word, p, left);
  absorb(word | uint64_t{text.size()} << 56);
  v2 ^= 0xff;
  rounds(kFinalRounds);
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace kasocki

#endif  // KASOCKI_COMMON_SIPHASH_H_
