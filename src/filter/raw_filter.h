// RawFilter: refuses texts by a look at their bytes, so that they need not be scanned.
//
//   RawFilter raw({filter});
//   if (raw.Begin())
//     for (text : texts)
//       if (raw.MayMatch(text)) ...  // only now scanned, and the filter evaluated
//
// A text that it refuses is matched by none of its filters. One that it lets through is as if it had not been asked. It
// does not tell whether a text is JSON, but lets through what does not even begin and end as an object or array does.
#ifndef KASOCKI_FILTER_RAW_FILTER_H_
#define KASOCKI_FILTER_RAW_FILTER_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter.h"

namespace kasocki {

// Keeps its filters alive. One thread.
class RawFilter {
 public:
  // Of more than so many nothing can be said.
  static constexpr size_t kMostFilters = 4;

  // Lets everything through.
  RawFilter() = default;

  // Of filters any of which may match. Where nothing can be said about one of them (null: every text matches), or they
  // are too many for a look to be cheap, everything is let through.
  explicit RawFilter(std::vector<std::shared_ptr<const Filter>> filters);

  // Begins a number of texts. False: it is not to be asked about these, because it would not pay.
  bool Begin();

  // kPadding bytes behind the text must be readable.
  bool MayMatch(std::string_view text);

 private:
  // One condition of a filter, and what stands in every text in which it holds.
  struct Look {
    std::string quoted_name;
    const Condition* condition;
  };
  using Looks = std::vector<Look>;  // of one filter

  static bool MayHold(const Look& look, std::string_view text);

  std::vector<std::shared_ptr<const Filter>> filters_;
  std::vector<Looks> looks_;  // one for each filter; empty: everything is let through

  // Whether it pays.
  size_t asked_ = 0;
  size_t refused_ = 0;
  size_t rest_ = 0;  // times that Begin will say no
};

}  // namespace kasocki

#endif  // KASOCKI_FILTER_RAW_FILTER_H_
