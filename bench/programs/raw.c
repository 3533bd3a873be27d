// librdkafka alone: what everything else is measured against. It links the librdkafka that the addon has.
//
//   raw read BROKERS TOPIC OFFSET COUNT           reads so many records of partition 0 as fast as it can, looks at none
//   raw latency BROKERS TOPIC COUNT               waits for so many records, and tells how old each was when it came
//   raw produce BROKERS TOPIC RATE COUNT BYTES    writes so many a second, each with the time at which it was written
//
// What it found out is JSON on stdout. Times are of CLOCK_MONOTONIC, the one that Node.js calls hrtime.

#include <inttypes.h>
#include <rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { kPartition = 0, kBatch = 1000, kTimeoutMs = 10000, kMaxBytes = 1 << 20 };

static _Noreturn void Fail(const char* what, const char* why) {
  fprintf(stderr, "raw: %s: %s\n", what, why);
  exit(1);
}

static int64_t NowUs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static double CpuSeconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void Set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  char why[512];
  if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK) Fail(name, why);
}

// An instance that knows the topic, with a connection that has been used.
static rd_kafka_t* Connect(rd_kafka_type_t type, const char* brokers, const char* topic_name,
                           rd_kafka_topic_t** topic) {
  char why[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  Set(conf, "bootstrap.servers", brokers);
  if (type == RD_KAFKA_CONSUMER) {
    Set(conf, "fetch.wait.max.ms", "100");
    Set(conf, "fetch.queue.backoff.ms", "0");
  } else {
    Set(conf, "linger.ms", "0");
    Set(conf, "acks", "1");
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, why, sizeof(why));
  if (client == NULL) Fail("rd_kafka_new", why);
  *topic = rd_kafka_topic_new(client, topic_name, NULL);
  const struct rd_kafka_metadata* metadata;
  rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, *topic, &metadata, kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("rd_kafka_metadata", rd_kafka_err2str(error));
  rd_kafka_metadata_destroy(metadata);
  return client;
}

typedef void (*OnRecord)(const rd_kafka_message_t* record, void* opaque);

// Reads until there were `count` records.
static void Consume(rd_kafka_t* client, rd_kafka_topic_t* topic, int64_t offset, int64_t count, const char* started,
                    OnRecord on_record, void* opaque) {
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  if (rd_kafka_consume_start_queue(topic, kPartition, offset, queue) != 0) {
    Fail("rd_kafka_consume_start_queue", rd_kafka_err2str(rd_kafka_last_error()));
  }
  if (started != NULL) {
    puts(started);
    fflush(stdout);
  }
  static rd_kafka_message_t* batch[kBatch];
  for (int64_t records = 0; records < count;) {
    // With a timeout it would wait until the array is full: so one record is waited for, and the others are taken along.
    rd_kafka_message_t* first = rd_kafka_consume_queue(queue, kTimeoutMs);
    if (first == NULL) Fail("consume", "no record came");
    batch[0] = first;
    ssize_t taken = 1 + rd_kafka_consume_batch_queue(queue, 0, batch + 1, kBatch - 1);
    for (ssize_t i = 0; i < taken; ++i) {
      if (batch[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("consume", rd_kafka_message_errstr(batch[i]));
      if (on_record != NULL && records < count) on_record(batch[i], opaque);
      ++records;
      rd_kafka_message_destroy(batch[i]);
    }
  }
}

static void Read(const char* brokers, const char* topic_name, int64_t offset, int64_t count) {
  rd_kafka_topic_t* topic;
  rd_kafka_t* client = Connect(RD_KAFKA_CONSUMER, brokers, topic_name, &topic);
  double cpu = CpuSeconds();
  int64_t start = NowUs();
  Consume(client, topic, offset, count, NULL, NULL, NULL);
  printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"librdkafka\":\"%s\"}\n", (double)(NowUs() - start) / 1e6, CpuSeconds() - cpu,
         rd_kafka_version_str());
}

struct Ages {
  int64_t* us;
  size_t count;
};

static void NoteAge(const rd_kafka_message_t* record, void* opaque) {
  struct Ages* ages = opaque;
  // {"t":123,...
  ages->us[ages->count++] = NowUs() - strtoll((const char*)record->payload + strlen("{\"t\":"), NULL, 10);
}

static void Latency(const char* brokers, const char* topic_name, int64_t count) {
  rd_kafka_topic_t* topic;
  rd_kafka_t* client = Connect(RD_KAFKA_CONSUMER, brokers, topic_name, &topic);
  int64_t begin, end;
  rd_kafka_resp_err_t error =
      rd_kafka_query_watermark_offsets(client, topic_name, kPartition, &begin, &end, kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("rd_kafka_query_watermark_offsets", rd_kafka_err2str(error));
  struct Ages ages = {malloc((size_t)count * sizeof(int64_t)), 0};
  if (ages.us == NULL) Fail("latency", "out of memory");
  Consume(client, topic, end, count, "started", NoteAge, &ages);
  printf("[");
  for (size_t i = 0; i < ages.count; ++i) printf("%s%" PRId64, i == 0 ? "" : ",", ages.us[i]);
  printf("]\n");
}

static void Produce(const char* brokers, const char* topic_name, int64_t rate, int64_t count, size_t bytes) {
  static char value[kMaxBytes];
  if (bytes > sizeof(value)) Fail("produce", "records are too large");
  rd_kafka_topic_t* topic;
  rd_kafka_t* client = Connect(RD_KAFKA_PRODUCER, brokers, topic_name, &topic);
  int64_t start = NowUs();
  for (int64_t n = 0; n < count; ++n) {
    int64_t due = start + n * 1000000 / rate;
    while (NowUs() < due) {
      struct timespec pause = {0, 20000};
      nanosleep(&pause, NULL);
    }
    size_t head =
        (size_t)snprintf(value, sizeof(value), "{\"t\":%" PRId64 ",\"n\":%" PRId64 ",\"text\":\"", NowUs(), n);
    if (head + 2 < bytes) memset(value + head, 'x', bytes - head - 2);
    size_t size = head + 2 < bytes ? bytes : head + 2;
    memcpy(value + size - 2, "\"}", 2);
    while (rd_kafka_produce(topic, kPartition, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        Fail("rd_kafka_produce", rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(client, 1);
    }
    rd_kafka_poll(client, 0);
  }
  rd_kafka_resp_err_t error = rd_kafka_flush(client, kTimeoutMs);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) Fail("rd_kafka_flush", rd_kafka_err2str(error));
  printf("{\"seconds\":%.6f}\n", (double)(NowUs() - start) / 1e6);
}

int main(int argc, char** argv) {
  const char* mode = argc > 3 ? argv[1] : "";
  if (strcmp(mode, "read") == 0 && argc == 6) {
    Read(argv[2], argv[3], strtoll(argv[4], NULL, 10), strtoll(argv[5], NULL, 10));
  } else if (strcmp(mode, "latency") == 0 && argc == 5) {
    Latency(argv[2], argv[3], strtoll(argv[4], NULL, 10));
  } else if (strcmp(mode, "produce") == 0 && argc == 7) {
    Produce(argv[2], argv[3], strtoll(argv[4], NULL, 10), strtoll(argv[5], NULL, 10), strtoul(argv[6], NULL, 10));
  } else {
    Fail("arguments", "see the head of raw.c");
  }
  // Instances and memory go with the process: waiting for their threads would be measured by nobody.
  return 0;
}
