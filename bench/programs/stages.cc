// The core's stages one by one, without Node.js.
//
//   stages memory BYTES ROUNDS                         each stage alone, on records in memory
//   stages read BROKERS TOPIC OFFSET COUNT [FILTER]    reads from Kafka into chunks; with a filter ("" matches all) they
//                                                      are judged and encoded as well
//
// What it found out is JSON on stdout: nanoseconds a record.

#include <sys/resource.h>
#include <time.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/padding.h"
#include "encode/frame.h"
#include "engine/evaluator.h"
#include "engine/filter_class.h"
#include "filter/filter.h"
#include "json/augment.h"
#include "json/scanner.h"
#include "kafka/client.h"
#include "record/record_chunk.h"

namespace kasocki {
namespace {

constexpr size_t kChunk = 500;  // records, as the engine's chunks have
const TopicPartition kPartition{"bench", 0};

[[noreturn]] void Fail(const std::string& why) {
  fprintf(stderr, "stages: %s\n", why.c_str());
  exit(1);
}

template <typename T>
T Take(Result<T> result) {
  if (!result.ok()) Fail(result.error().message);
  return std::move(result.value());
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// CPU time of this thread, so that other programs on the machine do not count.
double ThreadNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// The same shape as recordText() in bench/lib/records.js.
std::string RecordText(size_t n, size_t bytes) {
  std::string text = "{\"n\":" + std::to_string(n) + ",\"type\":\"edit\",\"wiki\":\"" +
                     (n % 2 == 0 ? "enwiki" : "wikidatawiki") + "\",\"hundredth\":" + std::to_string(n % 100) +
                     ",\"thousandth\":" + std::to_string(n % 1000) + ",\"user\":{\"name\":\"user-" +
                     std::to_string(n % 1000) + "\",\"bot\":" + (n % 3 == 0 ? "true" : "false") + "},\"tags\":[\"t" +
                     std::to_string(n % 10) + "\",\"mobile\"],\"price\":" + std::to_string(n % 777) + ".25,\"text\":\"";
  if (text.size() + 2 < bytes) text.append(bytes - text.size() - 2, 'x');
  return text + "\"}";
}

std::shared_ptr<const FilterClass> MakeClass(FilterClasses* classes, std::string_view filter) {
  std::shared_ptr<const Filter> compiled;
  if (!filter.empty()) compiled = Take(Filter::Compile(filter, FilterLimits{}));
  return classes->Class(std::move(compiled), 0, 0, classes->Format("/", MetadataStyle{}, 1024));
}

// --- Stages in memory.

class MemoryBench {
 public:
  MemoryBench(size_t bytes, int rounds) : rounds_(rounds) {
    for (size_t n = 0; n < kChunk; ++n) {
      texts_.push_back(RecordText(n, bytes));
      texts_.back().reserve(bytes + kPadding);
      RecordView view;
      view.offset = static_cast<int64_t>(1000000 + n);
      view.timestamp = 1700000000000;
      view.value = texts_.back();
      chunk_.Append(view);
    }
    chunk_.Seal();
  }

  void Run() {
    printf("[");
    Measure("copy a record into a chunk", [&] {
      RecordChunk chunk(chunk_.data_bytes());
      for (size_t i = 0; i < kChunk; ++i) chunk.Append(chunk_.record(i));
      chunk.Seal();
      sum_ += chunk.size();
    });
    JsonScanner scanner;
    Measure("validate its JSON", [&] {
      for (size_t i = 0; i < kChunk; ++i) sum_ += scanner.Scan(*chunk_.value(i)) == JsonVerdict::kObject;
    });
    PathSet paths;
    paths.Add({"hundredth"});
    paths.Add({"user", "name"});
    paths.Add({"tags"});
    Measure("validate, and pick the values at three paths", [&] {
      for (size_t i = 0; i < kChunk; ++i) {
        scanner.Scan(*chunk_.value(i), &paths);
        sum_ += scanner.values()[0].text.size();
      }
    });
    MeasureFilter("filter: a number is equal", R"({"hundredth":7})");
    MeasureFilter("filter: a string is one of three", R"({"user.name":["user-1","user-2","user-3"]})");
    MeasureFilter("filter: an array has an item", R"({"tags":["t7"]})");
    MeasureFilter("filter: a regular expression", R"({"user.name":"/^user-1[0-9]*$/"})");
    MeasureEncoding();
    MeasureEvaluator("all of them, every record matches", "");
    MeasureEvaluator("all of them, 1 % match", R"({"hundredth":7})");
    printf("]\n");
  }

 private:
  // Prints the nanoseconds a record of each round.
  void Measure(const char* name, const std::function<void()>& pass) {
    constexpr double kLeastNs = 40e6;
    pass();
    printf("%s{\"stage\":\"%s\",\"ns\":[", first_ ? "" : ",", name);
    first_ = false;
    for (int round = 0; round < rounds_; ++round) {
      size_t records = 0;
      const double start = ThreadNs();
      double ns = 0;
      for (; ns < kLeastNs; ns = ThreadNs() - start) {
        pass();
        records += kChunk;
      }
      printf("%s%.2f", round == 0 ? "" : ",", ns / static_cast<double>(records));
    }
    printf("]}");
  }

  void MeasureFilter(const char* name, std::string_view json) {
    const std::shared_ptr<const Filter> filter = Take(Filter::Compile(json, FilterLimits{}));
    PathSet paths;
    std::vector<size_t> ids;
    for (const JsonPath& path : filter->paths()) ids.push_back(paths.Add(path));
    // Each record's values belong to a scanner of its own, so that they are all there before the clock starts.
    std::vector<std::unique_ptr<JsonScanner>> scanners;
    for (size_t i = 0; i < kChunk; ++i) {
      scanners.push_back(std::make_unique<JsonScanner>());
      scanners.back()->Scan(*chunk_.value(i), &paths);
    }
    FilterRun run;
    Measure(name, [&] {
      for (const auto& scanner : scanners) sum_ += filter->Matches(*scanner, scanner->values(), ids, &run);
    });
  }

  void MeasureEncoding() {
    const MetadataStyle style;
    JsonScanner scanner;
    std::vector<std::string> messages(kChunk);
    std::string metadata;
    auto augment = [&](size_t i) {
      metadata.clear();
      messages[i].clear();
      AppendMetadata(kPartition.topic, kPartition.partition, chunk_.record(i), &metadata);
      AppendAugmented(*chunk_.value(i), JsonVerdict::kObject, {}, style, metadata, &messages[i]);
    };
    Measure("write the metadata and splice it in", [&] {
      for (size_t i = 0; i < kChunk; ++i) augment(i);
    });
    const FrameEncoder encoder("/");
    std::string frames;
    Measure("encode the WebSocket frame", [&] {
      frames.clear();
      for (size_t i = 0; i < kChunk; ++i) sum_ += encoder.Append(messages[i], &frames).frame_length;
    });
  }

  void MeasureEvaluator(const char* name, std::string_view filter) {
    Counters counters;
    Evaluator evaluator(&counters);
    FilterClasses classes;
    const std::vector<std::shared_ptr<const FilterClass>> wanted = {MakeClass(&classes, filter)};
    Measure(name, [&] {
      sum_ += evaluator.Evaluate(chunk_, kPartition, wanted, [](int64_t, const std::string&) {})[0]->size();
    });
  }

  const int rounds_;
  std::vector<std::string> texts_;
  RecordChunk chunk_;
  bool first_ = true;
  size_t sum_ = 0;  // of results, so that none is left out as useless
};

// --- Reading from Kafka.

// Rung by librdkafka's threads when there is something to read.
class Bell {
 public:
  void Ring() {
    std::lock_guard lock(mutex_);
    rung_ = true;
    condition_.notify_one();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false;
};

void ReadKafka(const std::string& brokers, const TopicPartition& partition, int64_t offset, size_t count,
               const char* filter) {
  Bell bell;
  KafkaConfig config;
  config.global.emplace_back("metadata.broker.list", brokers);
  const std::unique_ptr<KafkaClient> client = Take(KafkaClient::Create(config, KafkaClient::Role::kCatchUp, [] {}));
  Take(client->FetchMetadata(10000));

  Counters counters;
  Evaluator evaluator(&counters);
  FilterClasses classes;
  std::vector<std::shared_ptr<const FilterClass>> wanted;
  if (filter != nullptr) wanted.push_back(MakeClass(&classes, filter));

  const double cpu = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  const std::unique_ptr<LogReader> reader = Take(client->OpenReader(partition, offset, [&bell] { bell.Ring(); }));
  size_t records = 0, matches = 0, expected_bytes = 0;
  while (records < count) {
    RecordChunk chunk(expected_bytes);
    const ReadOutcome outcome = reader->Read(kChunk, [&](const RecordView& record) { chunk.Append(record); });
    chunk.Seal();
    if (outcome.error || outcome.out_of_range) Fail("the partition cannot be read");
    records += chunk.size();
    expected_bytes = chunk.data_bytes();
    if (!wanted.empty() && !chunk.empty()) {
      matches += evaluator.Evaluate(chunk, partition, wanted, [](int64_t, const std::string&) {})[0]->size();
    }
    if (outcome.records < kChunk && records < count) bell.Wait();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"matches\":%zu}\n", seconds.count(), CpuSeconds() - cpu, matches);
}

}  // namespace
}  // namespace kasocki

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "memory" && argc == 4) {
    kasocki::MemoryBench(strtoul(argv[2], nullptr, 10), atoi(argv[3])).Run();
  } else if (mode == "read" && (argc == 6 || argc == 7)) {
    kasocki::ReadKafka(argv[2], {argv[3], 0}, strtoll(argv[4], nullptr, 10), strtoul(argv[5], nullptr, 10),
                       argc == 7 ? argv[6] : nullptr);
  } else {
    kasocki::Fail("see the head of stages.cc");
  }
  return 0;
}
