// Result<T>: a value, or the Error that stands in its place. Stages hand these on; nothing in the core throws.
#ifndef KASOCKI_COMMON_RESULT_H_
#define KASOCKI_COMMON_RESULT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace kasocki {

// What went wrong, as the classes of error that a client is told of.
enum class ErrorKind {
  kConfiguration,      // librdkafka refused an option; it never heals by itself
  kInvalidFilter,      // a filter that does not compile
  kFilterBudget,       // a filter that took too many steps
  kInvalidAssignment,  // an offset, a partition or their combination that can't be
  kTopicNotAvailable,  // no such topic, or not for this socket
  kKafka,              // Kafka or librdkafka reported it; `code` has librdkafka's name for it
  kLimitExceeded,      // more than a documented limit allows
  kClosed,             // the hub or the session was closed meanwhile
};

// An error's text never holds a configuration value, a broker address or a path: it may be shown to a browser.
struct Error {
  ErrorKind kind = ErrorKind::kKafka;
  std::string message;
  std::string code;  // librdkafka's name of the error (`_TRANSPORT`), else empty
  // Of a filter: where in an expression it is wrong, and in which item of an array; -1: that has no meaning here.
  int64_t position = -1;
  int64_t item = -1;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: a value is a result
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: an error is a result

  bool ok() const { return std::holds_alternative<T>(state_); }
  T& value() { return std::get<T>(state_); }
  const T& value() const { return std::get<T>(state_); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace kasocki

#endif  // KASOCKI_COMMON_RESULT_H_
