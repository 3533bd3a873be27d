// Inbox: where a client's events wait for PollEvents.
//
// librdkafka's log lines come by its log callback from any of its threads and are kept in a bounded buffer here:
// neither a flood (`debug`, an absent broker) nor an engine that does not poll makes memory grow, and nothing is ever
// printed. What else librdkafka tells waits in its own main queue, at most one error or statistics event every few
// milliseconds.
#ifndef KASOCKI_KAFKA_INBOX_H_
#define KASOCKI_KAFKA_INBOX_H_

#include <rdkafka.h>

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "kafka/client.h"
#include "kafka/secret_mask.h"

namespace kasocki {

class Inbox {
 public:
  using Sink = std::function<void(ClientEvent)>;

  Inbox(SecretMask mask, std::function<void()> wake);
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Makes librdkafka's log, error and throttle callbacks write to this inbox, which must outlive the client made of
  // `conf`.
  void Attach(rd_kafka_conf_t* conf);

  // From any thread.
  void AddLog(int level, const char* facility, std::string text);
  // From the thread that polls.
  void Add(ClientEvent event);

  // The last error that came out of a reader's queue while it was polled, and forgets it. From the thread that polls.
  rd_kafka_resp_err_t TakeQueueError();

  // Hands over everything that waits; `instance` is the client's name, for the log lines. From the thread that polls.
  void Drain(const char* instance, const Sink& sink);

  // From now on nothing is kept and `wake` is not called.
  void Close();

  // Any event may be waiting. From any thread.
  void Wake() const;

 private:
  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text);
  static void OnError(rd_kafka_t* client, int code, const char* text, void* opaque);
  static void OnThrottle(rd_kafka_t* client, const char* broker, int32_t broker_id, int throttle_ms, void* opaque);

  // Constant after construction.
  const SecretMask mask_;
  const std::function<void()> wake_;

  // Of the polling thread.
  std::vector<ClientEvent> events_;
  rd_kafka_resp_err_t queue_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::vector<LogEvent> log_;
  size_t dropped_ = 0;
  bool closed_ = false;
};

}  // namespace kasocki

#endif  // KASOCKI_KAFKA_INBOX_H_
