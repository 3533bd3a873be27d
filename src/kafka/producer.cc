#include "kafka/producer.h"

#include "kafka/config.h"
#include "kafka/kafka_error.h"

namespace kasocki {
namespace {

using RdHeaders = std::unique_ptr<rd_kafka_headers_t, CallOnDelete<rd_kafka_headers_destroy>>;

}  // namespace

Result<std::unique_ptr<Producer>> Producer::Create(const Properties& global) {
  Result<PreparedConfig> result = PrepareProducerConfig(global);
  if (!result.ok()) return result.error();
  PreparedConfig prepared = std::move(result.value());
  rd_kafka_conf_t* conf = prepared.conf.get();
  std::unique_ptr<Producer> producer(new Producer);
  rd_kafka_conf_set_opaque(conf, producer.get());
  rd_kafka_conf_set_dr_msg_cb(conf, &Producer::OnDelivery);
  // Without a callback librdkafka would print. What matters to a demo comes as failures.
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int, const char*, void*) {});
  char errstr[1024] = "";
  producer->client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, errstr, sizeof(errstr)));
  if (producer->client_ == nullptr) return RefusedConfigError(errstr);
  static_cast<void>(prepared.conf.release());  // owned by the client now
  return producer;
}

Producer::~Producer() {
  if (client_ == nullptr) return;  // never came to be
  // Else closing an instance whose brokers are gone would wait for its messages' deaths.
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void Producer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  auto* producer = static_cast<Producer*>(opaque);
  producer->last_failure_ = message->err;
  ++producer->failures_;
}

Result<bool> Producer::Produce(const std::string& topic, int32_t partition, std::optional<std::string_view> key,
                               std::optional<std::string_view> value, const Properties& headers) {
  RdHeaders list;
  if (!headers.empty()) {
    list.reset(rd_kafka_headers_new(headers.size()));
    for (const auto& [name, text] : headers) {
      rd_kafka_header_add(list.get(), name.data(), static_cast<ssize_t>(name.size()), text.data(),
                          static_cast<ssize_t>(text.size()));
    }
  }
  rd_kafka_vu_t parts[7];
  size_t count = 0;
  auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    parts[count].vtype = type;
    return parts[count++];
  };
  add(RD_KAFKA_VTYPE_TOPIC).u.cstr = topic.c_str();
  add(RD_KAFKA_VTYPE_PARTITION).u.i32 = partition < 0 ? RD_KAFKA_PARTITION_UA : partition;
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  if (value.has_value()) {
    rd_kafka_vu_t& value_part = add(RD_KAFKA_VTYPE_VALUE);
    value_part.u.mem.ptr = const_cast<char*>(value->data());  // copied, as the flag says
    value_part.u.mem.size = value->size();
  }
  if (key.has_value()) {
    rd_kafka_vu_t& key_part = add(RD_KAFKA_VTYPE_KEY);
    key_part.u.mem.ptr = const_cast<char*>(key->data());
    key_part.u.mem.size = key->size();
  }
  if (list != nullptr) add(RD_KAFKA_VTYPE_HEADERS).u.headers = list.get();

  RdError error(rd_kafka_produceva(client_.get(), parts, count));
  rd_kafka_poll(client_.get(), /*timeout_ms=*/0);  // counts failures
  if (error != nullptr) return MakeKafkaError(rd_kafka_error_code(error.get()));
  static_cast<void>(list.release());  // owned by the message now
  return true;
}

Result<bool> Producer::Flush(int timeout_ms) {
  rd_kafka_resp_err_t code = rd_kafka_flush(client_.get(), timeout_ms);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return MakeKafkaError(code);
  int64_t failures = failures_;
  int64_t failed = failures - failures_flushed_.exchange(failures);
  if (failed <= 0) return true;
  Error error = MakeKafkaError(static_cast<rd_kafka_resp_err_t>(last_failure_.load()));
  error.message = std::to_string(failed) + " records could not be delivered: " + error.message;
  return error;
}

}  // namespace kasocki
