// What many distinct filters cost a record: the core alone, without Kafka and without sockets.
//
//   filters [runs [row]]
//
// Prints tables as Markdown, with all rows or those whose names begin with `row`:
//
//   - the Evaluator with 1 to 1000 filters of a kind;
//   - the ways in which 1000 patterns can be looked for in a text, which is why the index has the ones that it has.
//
// Runs of all cases alternate; a figure is the median of the runs, in CPU time of the thread.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "engine/evaluator.h"
#include "engine/filter_class.h"
#include "filter/filter.h"
#include "filter/literal_index.h"
#include "filter/pattern_groups.h"
#include "filter/regex.h"
#include "filter/regex_set.h"

namespace kasocki {
namespace {

constexpr int kRecords = 500;  // as many as a read of a scan gives
constexpr int kWikis = 300;
constexpr int kUsers = 5000;

uint32_t Random(uint32_t n) {
  n = (n ^ 61) ^ (n >> 16);
  n *= 9;
  n ^= n >> 4;
  n *= 0x27d4eb2d;
  return n ^ (n >> 15);
}

std::string Wiki(uint32_t i) { return "wiki" + std::to_string(i % kWikis) + "wiki"; }

std::string Word(uint32_t i) {
  static constexpr const char* kSyllables[] = {"ba", "ke", "lo", "mi", "nu", "ra", "se", "to", "vi", "zu"};
  std::string word;
  for (uint32_t n = Random(i % 20000); word.size() < 8; n /= 10) word += kSyllables[n % 10];
  return word;
}

std::string Record(uint32_t n) {
  const uint32_t r = Random(n);
  std::string text = "{\"id\":" + std::to_string(n) + ",\"type\":\"" +
                     (r % 4 == 0   ? "new"
                      : r % 4 == 1 ? "log"
                                   : "edit") +
                     "\",\"title\":\"" + Word(r) + " " + Word(r + 1) + " (" + std::to_string(r % 1000) +
                     ")\",\"user\":{\"name\":\"User " + std::to_string(r % kUsers) +
                     "\",\"bot\":" + (r % 3 == 0 ? "true" : "false") + "},\"wiki\":\"" + Wiki(r >> 8) +
                     "\",\"length\":" + std::to_string((r >> 4) % 10000) + ",\"tags\":[\"t" + std::to_string(r % 50) +
                     "\",\"mobile\"],\"comment\":\"";
  while (text.size() < 290) text += Word(Random(n + static_cast<uint32_t>(text.size()))) + " ";
  text.resize(298, 'x');
  return text + "\"}";
}

using Maker = std::string (*)(uint32_t);

std::string EqualityOnOnePath(uint32_t i) { return "{\"user.name\":\"User " + std::to_string(i) + "\"}"; }
std::string NumberOnOnePath(uint32_t i) { return "{\"length\":" + std::to_string(i) + "}"; }
std::string Conjunction(uint32_t i) {
  return "{\"type\":\"edit\",\"user.bot\":false,\"user.name\":\"User " + std::to_string(i) + "\"}";
}
std::string Set(uint32_t i) {
  return "{\"user.name\":[\"User " + std::to_string(i) + "\",\"User " + std::to_string(i + 1000) + "\",\"User " +
         std::to_string(i + 2000) + "\"]}";
}
std::string WordRegex(uint32_t i) { return "{\"comment\":\"/" + Word(i) + "/\"}"; }
std::string PrefixRegex(uint32_t i) { return "{\"title\":\"/^" + Word(i) + " [a-m]/\"}"; }
std::string CaseRegex(uint32_t i) { return "{\"comment\":\"/(?i)" + Word(i) + "/\"}"; }
std::string ClassRegex(uint32_t i) {
  return "{\"title\":\"/^[" + std::string(1, static_cast<char>('a' + i % 26)) + "-z]\\\\w+ .{" +
         std::to_string(i % 40) + "}\\\\d/\"}";
}
std::string Distinct(uint32_t i) { return "{\"user.extra" + std::to_string(i) + "\":1}"; }
std::string Mixed(uint32_t i) {
  switch (i % 10) {
    case 0:
      return "{\"user.name\":\"User " + std::to_string(i) + "\"}";
    case 1:
      return "{\"wiki\":\"" + Wiki(i) + "\",\"user.bot\":" + (i / kWikis % 2 ? "true" : "false") +
             ",\"length\":" + std::to_string(i) + "}";
    case 2:
      return "{\"length\":" + std::to_string(i) + "}";
    case 3:
      return "{\"wiki\":[\"" + Wiki(i) + "\",\"" + Wiki(i + 7) + "\"],\"type\":\"new\",\"title\":\"/" + Word(i) +
             "/\"}";
    case 4:
      return PrefixRegex(i);
    case 5:
      return WordRegex(i);
    case 6:
      return "{\"tags\":[\"t" + std::to_string(i % 50) + "\",\"mobile\"],\"user.name\":\"/^User " +
             std::to_string(i % 100) + "/\"}";
    case 7:
      return CaseRegex(i);
    case 8:
      return "{\"title\":\"/\\\\(" + std::to_string(i) + "\\\\)$/\",\"user.bot\":false}";
    default:
      return ClassRegex(i);
  }
}

struct Row {
  const char* name;
  Maker filter;
};

constexpr Row kRows[] = {
    {"equality on one path", EqualityOnOnePath},
    {"numbers on one path", NumberOnOnePath},
    {"three equalities each", Conjunction},
    {"sets on one path", Set},
    {"regex: a word", WordRegex},
    {"regex: a beginning", PrefixRegex},
    {"regex: a word, any case", CaseRegex},
    {"regex: classes only", ClassRegex},
    {"a path each", Distinct},
    {"mixed", Mixed},
};
constexpr size_t kCounts[] = {1, 10, 100, 1000};

// Nanoseconds of this thread, so that others on the machine count little.
double CpuTime() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class Case {
 public:
  Case(Maker filter, size_t count, const RecordChunk* records) : records_(records), evaluator_(&counters_) {
    auto format = registry_.Format("/", MetadataStyle{}, 1024);
    for (size_t i = 0; i < count; ++i) {
      std::shared_ptr<const Filter> compiled;
      if (filter != nullptr) {
        auto result = Filter::Compile(filter(static_cast<uint32_t>(i)), FilterLimits{});
        if (!result.ok()) {
          std::fprintf(stderr, "%s: %s\n", filter(static_cast<uint32_t>(i)).c_str(), result.error().message.c_str());
          std::exit(1);
        }
        compiled = std::move(result.value());
      }
      classes_.push_back(registry_.Class(std::move(compiled), 0, 0, format));
    }
    // Groups of patterns are made one at a time.
    for (size_t i = 0; i < 10 + count / 25; ++i) Once();
  }

  // Nanoseconds a record.
  double Run() {
    const double begin = CpuTime();
    double elapsed = 0;
    int passes = 0;
    do {
      Once();
      ++passes;
      elapsed = CpuTime() - begin;
    } while (elapsed < 2e7);
    return elapsed / (passes * static_cast<double>(records_->size()));
  }

  double matches_per_record() const {
    return static_cast<double>(counters_.records_matched) / static_cast<double>(counters_.records_parsed);
  }

 private:
  void Once() {
    evaluator_.Evaluate(*records_, {"edits", 0}, classes_, [](int64_t, const std::string&) { std::abort(); });
  }

  const RecordChunk* records_;
  Counters counters_;
  FilterClasses registry_;
  Evaluator evaluator_;
  std::vector<std::shared_ptr<const FilterClass>> classes_;
};

bool Chosen(const char* name, const std::string& row) { return std::string(name).rfind(row, 0) == 0; }

void PrintFilters(int runs, const std::string& row_name) {
  RecordChunk records;
  for (uint32_t n = 0; n < kRecords; ++n) {
    const std::string text = Record(n);
    RecordView view;
    view.offset = n;
    view.timestamp = 1500000000000 + n;
    view.value = text;
    records.Append(view);
  }
  records.Seal();

  struct Measured {
    const char* name;
    std::vector<std::unique_ptr<Case>> cases;
    std::vector<std::vector<double>> times;
  };
  std::vector<Measured> rows;
  for (const Row& row : kRows) {
    if (!Chosen(row.name, row_name)) continue;
    Measured& measured = rows.emplace_back();
    measured.name = row.name;
    for (size_t count : kCounts) measured.cases.push_back(std::make_unique<Case>(row.filter, count, &records));
    measured.times.resize(std::size(kCounts));
  }
  for (int run = 0; run < runs; ++run) {
    for (Measured& row : rows) {
      for (size_t i = 0; i < row.cases.size(); ++i) row.times[i].push_back(row.cases[i]->Run());
    }
  }

  std::printf("ns a record of 300 B, by the number of distinct filters (medians of %d runs):\n\n", runs);
  std::printf("| filters | 1 | 10 | 100 | 1000 | ns a filter a record at 1000 | matches a record at 1000 |\n");
  std::printf("| --- | --: | --: | --: | --: | --: | --: |\n");
  for (size_t r = 0; r < rows.size(); ++r) {
    std::printf("| %s |", rows[r].name);
    for (const auto& times : rows[r].times) std::printf(" %.0f |", Median(times));
    std::printf(" %.1f | %.2f |\n", Median(rows[r].times.back()) / 1000, rows[r].cases.back()->matches_per_record());
  }
}

// ---- Ways to look for many patterns

constexpr size_t kPatterns = 1000;
constexpr size_t kTexts = 2000;  // all different: what was seen once does not come again
constexpr int64_t kLargeSet = 64 << 20;

struct PatternRow {
  const char* name;
  std::string (*pattern)(uint32_t);
};

char Letter(uint32_t i, uint32_t of) { return static_cast<char>('a' + i % of); }

std::string ClassesAtTheBeginning(uint32_t i) {
  return std::string("^[") + Letter(i, 26) + "-z]\\w+ .{" + std::to_string(i % 40) + "}[ae]";
}
std::string ClassesAnywhere(uint32_t i) {
  return std::string("[") + Letter(i, 20) + "-z][aeiou][" + Letter(i, 19) + "-z][aeiou] [" + Letter(i, 17) + "-y]" +
         Letter(Random(i), 26) + "*[a-n]{" + std::to_string(i % 5 + 1) + "} ";
}

constexpr PatternRow kPatternRows[] = {
    {"a word", [](uint32_t i) { return Word(i); }},
    {"a word, any case", [](uint32_t i) { return "(?i)" + Word(i); }},
    {"a word, something, a word", [](uint32_t i) { return Word(i) + ".*" + Word(i * 7 + 3); }},
    {"classes at the beginning", ClassesAtTheBeginning},
    {"classes anywhere", ClassesAnywhere},
};

using Regexes = std::vector<std::unique_ptr<Regex>>;

// One way. Its constructor is what it costs to set up.
class Way {
 public:
  virtual ~Way() = default;
  virtual void Search(std::string_view text) = 0;
};

class OneByOne : public Way {
 public:
  explicit OneByOne(const Regexes& regexes) : regexes_(regexes) {}
  void Search(std::string_view text) override {
    for (const auto& regex : regexes_) found_ += regex->Search(text);
  }

 private:
  const Regexes& regexes_;
  size_t found_ = 0;
};

class OneSet : public Way {
 public:
  explicit OneSet(const Regexes& regexes) {
    std::vector<const Regex*> all;
    for (const auto& regex : regexes) all.push_back(regex.get());
    set_ = RegexSet::Compile(all, kLargeSet);
  }
  void Search(std::string_view text) override {
    if (set_ != nullptr) set_->Search(text, &found_);
  }

 private:
  std::unique_ptr<RegexSet> set_;
  std::vector<int> found_;
};

struct Groups {
  void Add(const Regex& regex, uint32_t slot) { groups.Add(&regex, slot); }
  void Settle() {
    while (groups.MakeGroup()) continue;
  }
  void Find(std::string_view text, Candidates* candidates) { groups.Find(text, candidates); }

  PatternGroups groups;
};

// Patterns without a literal are always found.
struct ByLiterals {
  void Add(const Regex& regex, uint32_t slot) {
    if (regex.literals().empty()) {
      without.push_back(slot);
    } else {
      index.Add(regex.literals(), slot);
    }
  }
  void Settle() {}
  void Find(std::string_view text, Candidates* candidates) {
    for (const uint32_t slot : without) candidates->Offer(slot, /*proven=*/false);
    index.Find(text, candidates);
  }

  const IndexSeed seed = IndexSeed::Random();
  Postings postings;
  LiteralIndex index{&seed, &postings};
  std::vector<uint32_t> without;
};

// What the index finds is searched for by itself, as a filter does.
template <typename Index>
class Indexed : public Way {
 public:
  explicit Indexed(const Regexes& regexes) : regexes_(regexes) {
    for (uint32_t slot = 0; slot < regexes.size(); ++slot) {
      index_.Add(*regexes[slot], slot);
      candidates_.SetWanted(slot, true);
    }
    index_.Settle();
  }
  void Search(std::string_view text) override {
    candidates_.Clear();
    index_.Find(text, &candidates_);
    for (const auto& [slot, proven] : candidates_.found()) found_ += proven || regexes_[slot]->Search(text);
  }

 private:
  const Regexes& regexes_;
  Index index_;
  Candidates candidates_;
  size_t found_ = 0;
};

template <typename Made>
std::unique_ptr<Way> Make(const Regexes& regexes) {
  return std::make_unique<Made>(regexes);
}

struct WayRow {
  const char* name;
  std::unique_ptr<Way> (*make)(const Regexes&);
};

constexpr WayRow kWays[] = {
    {"one by one", Make<OneByOne>},
    {"one set of all, 64 MiB", Make<OneSet>},
    {"groups", Make<Indexed<Groups>>},
    {"literals", Make<Indexed<ByLiterals>>},
};

void PrintPatterns(int runs, const std::string& row_name) {
  std::vector<std::string> texts;
  for (uint32_t n = 0; n < kTexts; ++n) {
    std::string& text = texts.emplace_back();
    while (text.size() < 150) text += Word(Random(n * 100 + static_cast<uint32_t>(text.size()))) + " ";
  }
  std::printf("\n%zu patterns looked for in a text of 150 B (medians of %d runs):\n\n", kPatterns, runs);
  std::printf("| patterns | way | to set up, ms | memory, KiB | ns a text | ns a pattern |\n");
  std::printf("| --- | --- | --: | --: | --: | --: |\n");
  for (const PatternRow& row : kPatternRows) {
    if (!Chosen(row.name, row_name)) continue;
    std::vector<double> set_up[std::size(kWays)], memory[std::size(kWays)], times[std::size(kWays)];
    for (int run = 0; run < runs; ++run) {
      for (size_t way = 0; way < std::size(kWays); ++way) {
        // New ones each time, so that states have to be made.
        Regexes regexes;
        for (uint32_t i = 0; i < kPatterns; ++i) {
          regexes.push_back(std::move(Regex::Compile(row.pattern(i), RegexLimits{}).value()));
        }
        const size_t before = mallinfo2().uordblks;
        const double begin = CpuTime();
        const std::unique_ptr<Way> made = kWays[way].make(regexes);
        const double ready = CpuTime();
        for (const std::string& text : texts) made->Search(text);
        times[way].push_back((CpuTime() - ready) / kTexts);
        set_up[way].push_back((ready - begin) / 1e6);
        memory[way].push_back(static_cast<double>(mallinfo2().uordblks - before) / 1024);
      }
    }
    for (size_t way = 0; way < std::size(kWays); ++way) {
      std::printf("| %s | %s | %.1f | %.0f | %.0f | %.1f |\n", row.name, kWays[way].name, Median(set_up[way]),
                  Median(memory[way]), Median(times[way]), Median(times[way]) / kPatterns);
    }
  }
}

}  // namespace
}  // namespace kasocki

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  const std::string row = argc > 2 ? argv[2] : "";
  kasocki::PrintFilters(runs, row);
  kasocki::PrintPatterns(runs, row);
  return 0;
}
