#include "filter/regex_set.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <utility>

namespace kasocki {

struct RegexSet::Impl {
  explicit Impl(const RE2::Options& options) : set(options, RE2::UNANCHORED) {}

  RE2::Set set;
};

RegexSet::RegexSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RegexSet::~RegexSet() = default;

std::unique_ptr<RegexSet> RegexSet::Compile(const std::vector<const Regex*>& regexes, int64_t max_memory) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(max_memory);
  auto impl = std::make_unique<Impl>(options);
  for (const Regex* regex : regexes) {
    if (impl->set.Add(regex->translated(), nullptr) < 0) return nullptr;
  }
  if (!impl->set.Compile()) return nullptr;
  return std::unique_ptr<RegexSet>(new RegexSet(std::move(impl)));
}

bool RegexSet::Search(std::string_view text, std::vector<int>* matching) const {
  RE2::Set::ErrorInfo error{RE2::Set::kNoError};
  return impl_->set.Match(text, matching, &error) || error.kind == RE2::Set::kNoError;
}

}  // namespace kasocki
