// SecretMask: takes configuration values out of texts that librdkafka writes.
//
// librdkafka quotes values in its messages, passwords included. What is masked: the values of all properties about TLS,
// SASL and OAuth and of any property whose name speaks of a secret, a user or a path. Broker addresses, client.id,
// enumerations and numbers stay: a log without them would help nobody, and nobody but the operator sees the log.
#ifndef KASOCKI_KAFKA_SECRET_MASK_H_
#define KASOCKI_KAFKA_SECRET_MASK_H_

#include <string>
#include <string_view>
#include <vector>

namespace kasocki {

// Built once, then constant: safe in any thread.
class SecretMask {
 public:
  // True if the property's value must not be shown.
  static bool IsSecret(std::string_view property);

  // Remembers the value if the property is a secret. Values under 3 characters are not searched for: masking every `a`
  // of a log hides nothing and destroys the text.
  void Add(std::string_view property, std::string_view value);

  // `text` with every remembered value replaced by `***`.
  std::string Apply(std::string_view text) const;

 private:
  void Remember(std::string_view value);

  std::vector<std::string> values_;  // longest first, so that a value inside another leaves no fragment
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_SECRET_MASK_H_
