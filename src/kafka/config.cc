#include "kafka/config.h"

#include <algorithm>
#include <cctype>

namespace kasocki {
namespace {

enum class Treatment {
  kIgnore,  // dropped in silence: harmless here, and configurations of 2016 have it
  kRefuse,  // an error
};

struct SpecialProperty {
  std::string_view name;
  Treatment treatment;
  std::string_view reason;
};

constexpr SpecialProperty kSpecialProperties[] = {
    // Kafka would keep state for us: we read without a consumer group and never commit.
    {"group.id", Treatment::kIgnore, "no consumer group"},
    {"group.instance.id", Treatment::kIgnore, "no consumer group"},
    {"group.protocol", Treatment::kIgnore, "no consumer group"},
    {"group.protocol.type", Treatment::kIgnore, "no consumer group"},
    {"group.remote.assignor", Treatment::kIgnore, "no consumer group"},
    {"partition.assignment.strategy", Treatment::kIgnore, "no consumer group"},
    {"session.timeout.ms", Treatment::kIgnore, "no consumer group"},
    {"heartbeat.interval.ms", Treatment::kIgnore, "no consumer group"},
    {"coordinator.query.interval.ms", Treatment::kIgnore, "no consumer group"},
    {"max.poll.interval.ms", Treatment::kIgnore, "no consumer group"},
    {"share.acknowledgement.mode", Treatment::kIgnore, "no share group"},
    {"enable.auto.commit", Treatment::kIgnore, "no offset commits"},
    {"auto.commit.enable", Treatment::kIgnore, "no offset commits"},
    {"auto.commit.interval.ms", Treatment::kIgnore, "no offset commits"},
    {"enable.auto.offset.store", Treatment::kIgnore, "no offset commits"},
    {"offset.store.method", Treatment::kIgnore, "no offset commits, no offset files"},
    {"offset.store.path", Treatment::kIgnore, "no offset commits, no offset files"},
    {"offset.store.sync.interval.ms", Treatment::kIgnore, "no offset commits, no offset files"},
    {"rebalance_cb", Treatment::kIgnore, "no consumer group"},
    {"offset_commit_cb", Treatment::kIgnore, "no offset commits"},
    {"allow.auto.create.topics", Treatment::kIgnore, "a client's word must not create a topic"},
    // What is ours to say.
    {"enable.partition.eof", Treatment::kIgnore, "we need to see the ends"},
    {"log.queue", Treatment::kIgnore, "the log has its own way"},
    {"enabled_events", Treatment::kIgnore, "we choose the events"},
    {"event_cb", Treatment::kIgnore, "events have their own option"},
    {"dr_cb", Treatment::kIgnore, "nothing is produced"},
    {"dr_msg_cb", Treatment::kIgnore, "nothing is produced"},
    {"oauthbearer_token_refresh_cb", Treatment::kIgnore, "answered as an event"},
    // What would run other code in this process, or reach into it.
    {"plugin.library.paths", Treatment::kRefuse, "shared libraries are not loaded"},
    {"interceptors", Treatment::kRefuse, "interceptors are not supported"},
    {"ssl.engine.location", Treatment::kRefuse, "shared libraries are not loaded"},
    {"ssl.providers", Treatment::kRefuse, "OpenSSL is shared with the whole process"},
    {"ssl_engine_callback_data", Treatment::kRefuse, "not a text property"},
    {"ssl_key", Treatment::kRefuse, "use ssl.key.pem"},
    {"ssl_certificate", Treatment::kRefuse, "use ssl.certificate.pem"},
    {"ssl_ca", Treatment::kRefuse, "use ssl.ca.pem"},
    {"sasl.kerberos.kinit.cmd", Treatment::kRefuse, "commands are not run"},
    {"internal.termination.signal", Treatment::kRefuse, "signals belong to the process"},
    {"opaque", Treatment::kRefuse, "not a text property"},
    {"default_topic_conf", Treatment::kRefuse, "use default_topic_config"},
    {"test.mock.num.brokers", Treatment::kRefuse, "every instance would have a cluster of its own"},
    {"test.mock.broker.rtt", Treatment::kRefuse, "every instance would have a cluster of its own"},
};

struct RoleDefault {
  const char* name;
  const char* tail;
  const char* catch_up;
};

// The user's own values win.
constexpr RoleDefault kDefaults[] = {
    {"bootstrap.servers", "localhost:9092", "localhost:9092"},
    {"client.id", "kasocki", "kasocki"},
    // Queues are budgeted per partition. A full one is asked again at once: the default pause of a second costs a
    // factor of ten.
    {"queued.max.messages.kbytes", "1024", "2048"},
    {"fetch.queue.backoff.ms", "1", "1"},
    // An instance has one Fetch in flight per broker, and an idle one delays every start there by this long. The tail
    // idles by nature; a catch-up meets the end only to hand over there, but starts and questions about offsets wait for it.
    {"fetch.wait.max.ms", "100", "2"},
    // Kafka's return should be noticed before the page's visitor gives up; the default is 10 s.
    {"reconnect.backoff.max.ms", "2000", "2000"},
    // Pushing client metrics would make closing wait for the last push.
    {"enable.metrics.push", "false", "false"},
};

constexpr std::pair<const char*, const char*> kForced[] = {
    {"enable.auto.commit", "false"},       {"enable.auto.offset.store", "false"}, {"enable.partition.eof", "true"},
    {"allow.auto.create.topics", "false"}, {"auto.offset.reset", "error"},  // each cursor decides for itself
};

constexpr size_t kErrstrSize = 1024;
constexpr size_t kMaxShownName = 100;

Error ConfigError(std::string_view property, std::string_view problem) {
  std::string name(property.substr(0, kMaxShownName));
  return Error{ErrorKind::kConfiguration, "Kafka configuration property \"" + name + "\": " + std::string(problem),
               "_INVALID_ARG"};
}

const SpecialProperty* FindSpecial(std::string_view name) {
  for (const SpecialProperty& special : kSpecialProperties) {
    if (special.name == name) return &special;
  }
  return nullptr;
}

// librdkafka's message about one property, in words that hold no value. Ranges come from its tables: they may be shown.
std::string Problem(rd_kafka_conf_res_t result, std::string_view reason) {
  if (result == RD_KAFKA_CONF_UNKNOWN) return "there is no such property";
  if (reason.find("not supported in this build") != std::string_view::npos) return "not supported in this build";
  constexpr std::string_view kRange = "allowed range ";
  size_t at = reason.find(kRange);
  if (at != std::string_view::npos) {
    std::string_view range = reason.substr(at + kRange.size());
    size_t length = 0;
    while (length < range.size() && (isdigit(static_cast<unsigned char>(range[length])) || range[length] == '.' ||
                                     range[length] == '-' || range[length] == '+' || range[length] == 'e')) {
      ++length;
    }
    if (length > 0) return "the value is outside the allowed range " + std::string(range.substr(0, length));
  }
  if (reason.find("Expected bool") != std::string_view::npos) return "the value must be true or false";
  if (reason.find("empty value") != std::string_view::npos) return "the value must not be empty";
  return "the value is not valid";
}

// Sets one of the user's properties, or drops or refuses it as the table says.
class PropertySetter {
 public:
  explicit PropertySetter(PreparedConfig* prepared) : prepared_(prepared), topic_conf_(rd_kafka_topic_conf_new()) {}

  // Returns an error of kind kConfiguration, or true.
  Result<bool> Set(const std::string& name, const std::string& value, bool topic_level) {
    prepared_->mask.Add(name, value);
    if (const SpecialProperty* special = FindSpecial(name)) {
      if (special->treatment == Treatment::kRefuse) return ConfigError(name, special->reason);
      return true;
    }
    if (name.size() > 3 && name.compare(name.size() - 3, 3, "_cb") == 0) {
      return ConfigError(name, "functions can't be set here");
    }
    if (name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return ConfigError(name.c_str(), "a NUL character can't be part of it");
    }
    char errstr[kErrstrSize] = "";
    if (topic_level) {  // tried on a topic's configuration first: a global property has no place there
      rd_kafka_conf_res_t result =
          rd_kafka_topic_conf_set(topic_conf_.get(), name.c_str(), value.c_str(), errstr, sizeof(errstr));
      if (result == RD_KAFKA_CONF_UNKNOWN) return ConfigError(name, "there is no such topic property");
      if (result != RD_KAFKA_CONF_OK) return ConfigError(name, Problem(result, errstr));
    }
    rd_kafka_conf_res_t result =
        rd_kafka_conf_set(prepared_->conf.get(), name.c_str(), value.c_str(), errstr, sizeof(errstr));
    if (result != RD_KAFKA_CONF_OK) return ConfigError(name, Problem(result, errstr));
    return true;
  }

 private:
  PreparedConfig* const prepared_;
  RdTopicConf topic_conf_;
};

std::string Get(const rd_kafka_conf_t* conf, const char* name) {
  char value[256] = "";
  size_t size = sizeof(value);
  if (rd_kafka_conf_get(conf, name, value, &size) != RD_KAFKA_CONF_OK) return {};
  return value;
}

// Sets a property of our own tables; a failure is a fault of the tables.
Result<bool> SetOwn(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char errstr[kErrstrSize] = "";
  rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr));
  if (result != RD_KAFKA_CONF_OK) return ConfigError(name, Problem(result, errstr));
  return true;
}

Result<PreparedConfig> SetUserProperties(PreparedConfig prepared, const KafkaConfig& config) {
  PropertySetter setter(&prepared);
  for (const auto& [name, value] : config.global) {
    Result<bool> set = setter.Set(name, value, /*topic_level=*/false);
    if (!set.ok()) return set.error();
  }
  for (const auto& [name, value] : config.topic) {
    Result<bool> set = setter.Set(name, value, /*topic_level=*/true);
    if (!set.ok()) return set.error();
  }
  return prepared;
}

}  // namespace

Result<PreparedConfig> PrepareReaderConfig(const KafkaConfig& config, KafkaClient::Role role) {
  PreparedConfig defaults;
  defaults.conf.reset(rd_kafka_conf_new());
  for (const RoleDefault& entry : kDefaults) {
    Result<bool> set =
        SetOwn(defaults.conf.get(), entry.name, role == KafkaClient::Role::kTail ? entry.tail : entry.catch_up);
    if (!set.ok()) return set.error();
  }
  Result<PreparedConfig> prepared = SetUserProperties(std::move(defaults), config);
  if (!prepared.ok()) return prepared;
  rd_kafka_conf_t* conf = prepared.value().conf.get();
  for (const auto& [name, value] : kForced) {
    Result<bool> set = SetOwn(conf, name, value);
    if (!set.ok()) return set.error();
  }
  if (Get(conf, "isolation.level") == "read_uncommitted") {
    prepared.value().isolation = RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED;
  }
  prepared.value().unsecured_jwt = Get(conf, "enable.sasl.oauthbearer.unsecure.jwt") == "true";
  return prepared;
}

Result<PreparedConfig> PrepareProducerConfig(const std::vector<std::pair<std::string, std::string>>& global) {
  PreparedConfig defaults;
  defaults.conf.reset(rd_kafka_conf_new());
  constexpr std::pair<const char*, const char*> kProducerDefaults[] = {
      {"bootstrap.servers", "localhost:9092"}, {"client.id", "kasocki-producer"},
      {"reconnect.backoff.max.ms", "2000"},    {"enable.metrics.push", "false"},
      {"delivery.report.only.error", "true"},
  };
  for (const auto& [name, value] : kProducerDefaults) {
    Result<bool> set = SetOwn(defaults.conf.get(), name, value);
    if (!set.ok()) return set.error();
  }
  return SetUserProperties(std::move(defaults), KafkaConfig{global, {}});
}

Error RefusedConfigError(std::string_view reason) {
  RdConf scratch(rd_kafka_conf_new());
  // Which properties does the text speak of? Only words that are names of properties are taken over from it.
  std::vector<std::string> named;
  constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz_.";
  for (size_t begin = 0; begin < reason.size();) {
    size_t end = std::min(reason.find_first_not_of(kNameCharacters, begin), reason.size());
    std::string word(reason.substr(begin, end - begin));
    begin = end + 1;
    while (!word.empty() && word.back() == '.') word.pop_back();
    if (word.find('.') == std::string::npos || std::find(named.begin(), named.end(), word) != named.end()) continue;
    char errstr[kErrstrSize] = "";
    if (rd_kafka_conf_set(scratch.get(), word.c_str(), nullptr, errstr, sizeof(errstr)) != RD_KAFKA_CONF_UNKNOWN) {
      named.push_back(std::move(word));
    }
  }
  std::string message = "Kafka configuration refused";
  for (size_t i = 0; i < named.size(); ++i) {
    message += i == 0 ? ": see property \"" : "\", \"";
    message += named[i];
  }
  if (!named.empty()) {
    message += '"';
  } else if (reason.find("SASL mechanism") != std::string_view::npos) {
    message += ": see property \"sasl.mechanisms\" (not available in this build)";
  } else if (reason.find("SSL") != std::string_view::npos || reason.find("ssl") != std::string_view::npos) {
    message += ": see the \"ssl.*\" properties";
  } else {
    message += ": its properties do not go together";
  }
  if (reason.find("No such file") != std::string_view::npos) message += " (no such file)";
  return Error{ErrorKind::kConfiguration, std::move(message), "_INVALID_ARG"};
}

}  // namespace kasocki
