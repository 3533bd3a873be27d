#include "kafka/inbox.h"

#include <utility>

namespace kasocki {

Inbox::Inbox(SecretMask mask, std::function<void()> wake) : mask_(std::move(mask)), wake_(std::move(wake)) {}

void Inbox::Attach(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  // Set before rd_kafka_new, which logs already.
  rd_kafka_conf_set_log_cb(conf, &Inbox::OnLog);
  // An error of the instance comes as an event of the main queue. That a partition is gone, however, comes as an error
  // of the reader's queue, and polling that one for records gives it to this callback.
  rd_kafka_conf_set_error_cb(conf, &Inbox::OnError);
  // There is no event for throttling: the callback is called by the polling of the main queue.
  rd_kafka_conf_set_throttle_cb(conf, &Inbox::OnThrottle);
}

void Inbox::OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  if (client == nullptr) return;  // a line of no instance, as librdkafka's own tests write it
  auto* inbox = static_cast<Inbox*>(rd_kafka_opaque(client));
  if (inbox != nullptr) inbox->AddLog(level, facility, text);
}

void Inbox::OnError(rd_kafka_t*, int code, const char*, void* opaque) {
  static_cast<Inbox*>(opaque)->queue_error_ = static_cast<rd_kafka_resp_err_t>(code);
}

rd_kafka_resp_err_t Inbox::TakeQueueError() { return std::exchange(queue_error_, RD_KAFKA_RESP_ERR_NO_ERROR); }

void Inbox::OnThrottle(rd_kafka_t*, const char* broker, int32_t broker_id, int throttle_ms, void* opaque) {
  static_cast<Inbox*>(opaque)->Add(ThrottleEvent{broker, broker_id, throttle_ms});
}

void Inbox::AddLog(int level, const char* facility, std::string text) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    if (log_.size() >= kMaxLogLines) {
      ++dropped_;
      return;
    }
    log_.push_back(LogEvent{level, facility, std::move(text), ""});
    if (log_.size() > 1) return;  // woken when the first line came
  }
  Wake();
}

void Inbox::Add(ClientEvent event) { events_.push_back(std::move(event)); }

void Inbox::Wake() const { wake_(); }

void Inbox::Drain(const char* instance, const Sink& sink) {
  std::vector<LogEvent> log;
  size_t dropped = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    log.swap(log_);
    std::swap(dropped, dropped_);
  }
  for (LogEvent& line : log) {
    // Masked here and not in librdkafka's threads: dropped lines cost nothing.
    line.text = mask_.Apply(line.text);
    line.instance = instance;
    sink(std::move(line));
  }
  if (dropped > 0) sink(DroppedLogLines(dropped));
  std::vector<ClientEvent> events;
  events.swap(events_);
  for (ClientEvent& event : events) sink(std::move(event));
}

void Inbox::Close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
}

}  // namespace kasocki
