#include "kafka/secret_mask.h"

#include <algorithm>
#include <array>

namespace kasocki {
namespace {

constexpr size_t kMinMasked = 3;
constexpr size_t kMinMaskedPart = 4;
constexpr std::string_view kMask = "***";

// Within the families below, the properties whose values are well-known words.
constexpr std::array<std::string_view, 12> kOpen = {
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.grant.type",
    "sasl.oauthbearer.assertion.algorithm",
    "sasl.oauthbearer.metadata.authentication.type",
    "sasl.kerberos.service.name",
    "ssl.cipher.suites",
    "ssl.curves.list",
    "ssl.sigalgs.list",
    "ssl.endpoint.identification.algorithm",
    "ssl.ca.certificate.stores",
};

constexpr std::array<std::string_view, 3> kFamilies = {"sasl.", "ssl.", "https."};
constexpr std::array<std::string_view, 10> kTelling = {"password", "passphrase", "secret", "username", "token",
                                                       "location", ".pem",       ".path",  ".file",    "keytab"};

}  // namespace

bool SecretMask::IsSecret(std::string_view property) {
  if (std::find(kOpen.begin(), kOpen.end(), property) != kOpen.end()) return false;
  for (std::string_view family : kFamilies) {
    if (property.substr(0, family.size()) == family) return true;
  }
  for (std::string_view word : kTelling) {
    if (property.find(word) != std::string_view::npos) return true;
  }
  return false;
}

void SecretMask::Add(std::string_view property, std::string_view value) {
  if (!IsSecret(property)) return;
  if (value.size() >= kMinMasked) Remember(value);
  if (property.substr(0, 16) != "sasl.oauthbearer") return;
  // `principal=admin scope=read`: librdkafka complains about the part that it could not understand.
  size_t begin = 0;
  while (begin < value.size()) {
    size_t end = value.find_first_of(" =,;\r\n\t\"", begin);
    if (end == std::string_view::npos) end = value.size();
    if (end - begin >= kMinMaskedPart) Remember(value.substr(begin, end - begin));
    begin = end + 1;
  }
}

void SecretMask::Remember(std::string_view value) {
  if (std::find(values_.begin(), values_.end(), value) != values_.end()) return;
  auto longer = [&](const std::string& other) { return other.size() < value.size(); };
  values_.insert(std::find_if(values_.begin(), values_.end(), longer), std::string(value));
}

std::string SecretMask::Apply(std::string_view text) const {
  std::string masked(text);
  for (const std::string& value : values_) {
    for (size_t at = masked.find(value); at != std::string::npos; at = masked.find(value, at)) {
      masked.replace(at, value.size(), kMask);
      at += kMask.size();
    }
  }
  return masked;
}

}  // namespace kasocki
