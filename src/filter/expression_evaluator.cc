// Evaluating expressions, on the scanner's index of the message.
//
// Values are views: of the scanned text, of a literal, or of a number that a function gave. What lies on a path from the
// message's top was found by the scanner on its own walk, for all filters at once; only what is beyond (wildcards,
// descendants, filters, slices) is walked for here, on the document, which is made when the first filter needs it.
//
// Everything that takes time in proportion to the message is paid for in steps, before it is done where that is known.
// Once they are used up all tests are false and all walks end, and the caller forgets the answer.
//
// `..` needs no recursion: in the scanner's index a container's tokens stand in the text's order, so all containers
// below one are found by going over its tokens. Recursion goes along the expression alone, whose depth is bounded.

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filter/expression.h"
#include "filter/number.h"

namespace kasocki {

namespace {

constexpr size_t kTokensPerNode = 4;  // a member: name, colon, value, comma

// ValueType. kMissing is the RFC's Nothing.
struct Value {
  JsonKind kind = JsonKind::kMissing;
  bool escaped = false;
  bool parsed = false;      // of a number: it is in `number`, not in `text`
  double number = 0;        // see parsed
  std::string_view text;    // a token's, or a literal's characters
  JsonNode node = kNoNode;  // of an array or object
};

Value ValueOf(const JsonValue& found) {
  Value value;
  value.kind = found.kind;
  value.escaped = found.escaped;
  value.text = found.text;
  value.node = found.index;
  return value;
}

Value ValueOf(const Literal& literal) {
  Value value;
  value.kind = literal.kind;
  value.parsed = true;
  value.number = literal.number;
  value.text = literal.text;
  return value;
}

Value ValueOf(size_t count) {
  Value value;
  value.kind = JsonKind::kNumber;
  value.parsed = true;
  value.number = static_cast<double>(count);
  return value;
}

double NumberOf(const Value& value) { return value.parsed ? value.number : ParseJsonNumber(value.text); }

// What a walk is for, and what it found.
struct Selection {
  enum class Purpose { kExists, kValue, kCount, kAll };
  Purpose purpose = Purpose::kExists;
  size_t count = 0;
  JsonNode last = kNoNode;
  std::vector<JsonNode>* all = nullptr;  // of kAll

  // False: that is enough.
  bool Add(JsonNode node) {
    ++count;
    last = node;
    if (purpose == Purpose::kAll) all->push_back(node);
    return purpose == Purpose::kCount || purpose == Purpose::kAll || (purpose == Purpose::kValue && count < 2);
  }
};

class Evaluation {
 public:
  Evaluation(const Message& message, FilterRun* run) : message_(message), run_(run) {}

  // `current` is what `@` stands for.
  bool Test(const Logical& logical, JsonNode current) {
    switch (logical.kind) {
      case Logical::Kind::kConstant:
        return !logical.negated;
      case Logical::Kind::kAnd:
        for (const auto& part : logical.parts) {
          if (!Test(*part, current)) return false;
        }
        return !run_->exhausted();
      case Logical::Kind::kOr:
        for (const auto& part : logical.parts) {
          if (Test(*part, current)) return true;
        }
        return false;
      case Logical::Kind::kExists:
        return Answer(logical, Exists(logical.operands[0].query, current));
      case Logical::Kind::kCompare: {
        const Value left = Evaluate(logical.operands[0], current);
        const Value right = Evaluate(logical.operands[1], current);
        return Answer(logical, Compare(logical.op, left, right));
      }
      case Logical::Kind::kRegex:
        return Answer(logical, Matches(logical, current));
    }
    return false;
  }

  void Select(const Query& query, JsonNode current, Selection* selection) {
    JsonNode from = query.relative ? current : JsonDocument::root();
    if (query.picked > 0) {
      const JsonValue& picked = Picked(query);
      if (picked.kind == JsonKind::kMissing) return;
      from = picked.index;
    }
    Walk(query, query.picked, from, selection);
  }

 private:
  const JsonDocument& document() const { return message_.scanner.document(); }
  const JsonValue& PickedAt(size_t pick) const { return message_.values[message_.ids[pick]]; }

  bool Answer(const Logical& test, bool holds) const { return !run_->exhausted() && holds != test.negated; }

  // ---- Values

  // What stands where the query's picked segments lead.
  const JsonValue& Picked(const Query& query) {
    static constexpr JsonValue kNothing;
    run_->Spend(1);
    for (const Query::Guard& guard : query.guards) {
      if ((guard.at_root ? message_.scanner.root_kind() : PickedAt(guard.pick).kind) != guard.kind) return kNothing;
    }
    return PickedAt(query.pick);
  }

  Value Evaluate(const Operand& operand, JsonNode current) {
    switch (operand.kind) {
      case Operand::Kind::kLiteral:
        return ValueOf(operand.literal);
      case Operand::Kind::kQuery:
        return SingleValue(operand.query, current);
      case Operand::Kind::kFunction:
        return Call(operand, current);
    }
    return Value();
  }

  Value SingleValue(const Query& query, JsonNode current) {
    if (query.picked > 0 && query.picked == query.segments.size()) return ValueOf(Picked(query));
    Selection selection;
    selection.purpose = Selection::Purpose::kValue;
    Select(query, current, &selection);
    return selection.count == 1 ? ValueOf(document().value(selection.last)) : Value();
  }

  bool Exists(const Query& query, JsonNode current) {
    if (query.picked > 0 && query.picked == query.segments.size()) return Picked(query).kind != JsonKind::kMissing;
    Selection selection;
    Select(query, current, &selection);
    return selection.count > 0;
  }

  Value Call(const Operand& call, JsonNode current) {
    const Operand& argument = call.arguments[0];
    switch (call.function) {
      case Function::kLength:
        return Length(Evaluate(argument, current));
      case Function::kCount: {
        Selection selection;
        selection.purpose = Selection::Purpose::kCount;
        Select(argument.query, current, &selection);
        return ValueOf(selection.count);
      }
      case Function::kValue:
        return SingleValue(argument.query, current);
      case Function::kMatch:
      case Function::kSearch:
        break;  // tests, not values: the parser makes them Logical::Kind::kRegex
    }
    return Value();
  }

  Value Length(const Value& value) {
    switch (value.kind) {
      case JsonKind::kString: {
        if (!run_->SpendBytes(value.text.size())) return Value();
        std::string scratch;
        const std::string_view text = Characters(value, &scratch);
        const auto starts_character = [](char c) { return (c & 0xC0) != 0x80; };
        return ValueOf(static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character)));
      }
      case JsonKind::kArray:
      case JsonKind::kObject: {
        size_t count = 0;
        ForEachChild(value.node, [&](JsonNode) { return ++count, true; });
        return ValueOf(count);
      }
      default:
        return Value();
    }
  }

  // The characters of a string as UTF-8 (lone surrogates as WTF-8). Callers pay.
  static std::string_view Characters(const Value& string, std::string* scratch) {
    if (!string.escaped) return string.text;
    UnescapeJsonString(string.text, scratch);
    return *scratch;
  }

  // ---- Patterns

  bool Matches(const Logical& test, JsonNode current) {
    const Value subject = Evaluate(test.operands[0], current);
    if (subject.kind != JsonKind::kString) return false;
    const Regex* regex = test.regex.get();
    std::string scratch;
    if (!test.fixed_pattern) {
      const Value pattern = Evaluate(test.operands[1], current);
      if (pattern.kind != JsonKind::kString || !run_->SpendBytes(pattern.text.size())) return false;
      regex = run_->patterns().Get(Characters(pattern, &scratch), test.whole, run_);
    }
    if (regex == nullptr || !run_->Spend(regex->SearchSteps(subject.text.size()))) return false;
    scratch.clear();
    return regex->Search(Characters(subject, &scratch));
  }

  // ---- Comparisons

  bool Compare(Logical::Op op, const Value& left, const Value& right) {
    if (op != Logical::Op::kLess && Equal(left, right)) return true;
    return op != Logical::Op::kEqual && Less(left, right);
  }

  bool Less(const Value& left, const Value& right) {
    if (left.kind != right.kind) return false;
    if (left.kind == JsonKind::kNumber) return NumberOf(left) < NumberOf(right);
    return left.kind == JsonKind::kString && CompareStrings(left, right) < 0;
  }

  bool Equal(const Value& left, const Value& right) {
    if (left.kind != right.kind) return false;
    switch (left.kind) {
      case JsonKind::kNumber:
        return NumberOf(left) == NumberOf(right);
      case JsonKind::kString:
        // Unequal lengths settle it without a look, unless escapes hide them.
        if (!left.escaped && !right.escaped && left.text.size() != right.text.size()) return false;
        return CompareStrings(left, right) == 0;
      case JsonKind::kArray:
      case JsonKind::kObject:
        return EqualContainers(left.node, right.node);
      default:
        return true;  // null, true, false; Nothing
    }
  }

  // By Unicode scalar values, whose order is that of UTF-8's bytes.
  int CompareStrings(const Value& left, const Value& right) {
    const size_t bytes = left.escaped || right.escaped ? left.text.size() + right.text.size()
                                                       : std::min(left.text.size(), right.text.size());
    if (!run_->SpendBytes(bytes)) return 0;
    std::string left_scratch;
    std::string right_scratch;
    return Characters(left, &left_scratch).compare(Characters(right, &right_scratch));
  }

  // Pairs that must be equal wait in a list of their own: messages may be nested deeper than a stack allows.
  bool EqualContainers(JsonNode left, JsonNode right) {
    std::vector<std::pair<JsonNode, JsonNode>> pending = {{left, right}};
    while (!pending.empty()) {
      const auto [a, b] = pending.back();
      pending.pop_back();
      if (!run_->Spend(1)) return false;
      if (a == b) continue;
      const JsonKind kind = document().kind(a);
      if (kind != document().kind(b)) return false;
      if (kind == JsonKind::kArray) {
        if (!PairElements(a, b, &pending)) return false;
      } else if (kind == JsonKind::kObject) {
        if (!PairMembers(a, b, &pending)) return false;
      } else if (!Equal(ValueOf(document().value(a)), ValueOf(document().value(b)))) {
        return false;
      }
    }
    return true;
  }

  bool PairElements(JsonNode a, JsonNode b, std::vector<std::pair<JsonNode, JsonNode>>* pending) {
    JsonNode in_b = document().FirstChild(b);
    const bool all = ForEachChild(a, [&](JsonNode in_a) {
      if (in_b == kNoNode) return false;
      pending->emplace_back(in_a, in_b);
      in_b = document().NextChild(b, in_b);
      return true;
    });
    return all && in_b == kNoNode;
  }

  // Members are looked for where they most likely stand: behind the one found last.
  bool PairMembers(JsonNode a, JsonNode b, std::vector<std::pair<JsonNode, JsonNode>>* pending) {
    if (!run_->Spend(static_cast<int64_t>(document().FindRepeats(b)))) return false;
    size_t left_over = 0;  // of b's members
    for (JsonNode child = document().FirstChild(b); child != kNoNode; child = document().NextChild(b, child))
      ++left_over;
    JsonNode likely = document().FirstChild(b);
    std::string scratch;
    const bool all = ForEachChild(a, [&](JsonNode in_a) {
      const std::string_view name = document().NameOf(in_a, &scratch);
      if (left_over-- == 0 || !run_->SpendBytes(name.size())) return false;
      JsonNode in_b = likely;
      if (in_b == kNoNode || !document().NameIs(in_b, name)) {
        in_b = Member(b, name);
        if (in_b == kNoNode) return false;
      }
      likely = document().NextChild(b, in_b);
      pending->emplace_back(in_a, in_b);
      return true;
    });
    return all && left_over == 0;
  }

  // ---- Nodes

  JsonNode Member(JsonNode object, std::string_view name) {
    size_t looked_at = 0;
    const JsonNode found = document().Member(object, name, &looked_at);
    return run_->Spend(static_cast<int64_t>(looked_at)) ? found : kNoNode;
  }

  // Calls visit(child) until it gives false, or steps are used up. True: it gave true for all.
  template <typename Visit>
  bool ForEachChild(JsonNode container, Visit visit) {
    const JsonDocument& tree = document();
    if (!run_->Spend(1 + static_cast<int64_t>(tree.FindRepeats(container)))) return false;
    for (JsonNode child = tree.FirstChild(container); child != kNoNode; child = tree.NextChild(container, child)) {
      if (!run_->Spend(1) || !visit(child)) return false;
    }
    return true;
  }

  JsonNode Element(JsonNode array, int64_t index) {
    if (index < 0) {
      int64_t length = 0;
      if (!ForEachChild(array, [&](JsonNode) { return ++length, true; })) return kNoNode;
      index += length;
      if (index < 0) return kNoNode;
    }
    JsonNode found = kNoNode;
    ForEachChild(array, [&](JsonNode child) {
      if (index-- > 0) return true;
      found = child;
      return false;
    });
    return run_->exhausted() ? kNoNode : found;
  }

  // The one child that a segment with a name or an index selects.
  JsonNode Step(const Selector& selector, JsonNode node) {
    const JsonKind kind = document().kind(node);
    if (selector.kind == Selector::Kind::kName) {
      return kind == JsonKind::kObject ? Member(node, selector.name) : kNoNode;
    }
    return kind == JsonKind::kArray ? Element(node, selector.index) : kNoNode;
  }

  // What the query's segments from the i-th on select from `node` goes into the selection. False: it has enough, or steps
  // are used up.
  bool Walk(const Query& query, size_t i, JsonNode node, Selection* selection) {
    for (; i < query.segments.size() && query.segments[i].is_step(); ++i) {
      if (!run_->Spend(1)) return false;
      node = Step(query.segments[i].selectors[0], node);
      if (node == kNoNode) return !run_->exhausted();
    }
    if (i == query.segments.size()) return run_->Spend(1) && selection->Add(node);
    if (!document().is_container(node)) return true;
    return query.segments[i].descendant ? WalkBelow(query, i, node, selection)
                                        : WalkChildren(query, i, node, selection);
  }

  // A descendant segment: its selectors apply to the node and to all containers in it.
  bool WalkBelow(const Query& query, size_t i, JsonNode node, Selection* selection) {
    const JsonDocument& tree = document();
    const uint32_t last = tree.last(node);
    for (JsonNode container = node; container != kNoNode;) {
      // Needed for the way on, whatever the selectors look at.
      if (!run_->Spend(static_cast<int64_t>(tree.FindRepeats(container)))) return false;
      if (!WalkChildren(query, i, container, selection)) return false;
      size_t passed = 0;
      container = tree.NextContainer(container, last, &passed);
      if (!run_->Spend(1 + static_cast<int64_t>(passed / kTokensPerNode))) return false;
    }
    return true;
  }

  // The segment's selectors, applied to one container.
  bool WalkChildren(const Query& query, size_t i, JsonNode container, Selection* selection) {
    for (const Selector& selector : query.segments[i].selectors) {
      const auto go_on = [&](JsonNode child) { return Walk(query, i + 1, child, selection); };
      bool more = true;
      switch (selector.kind) {
        case Selector::Kind::kName:
        case Selector::Kind::kIndex: {
          const JsonNode child = Step(selector, container);
          if (child != kNoNode) more = go_on(child);
          break;
        }
        case Selector::Kind::kWildcard:
          more = ForEachChild(container, go_on);
          break;
        case Selector::Kind::kSlice:
          more = document().kind(container) != JsonKind::kArray || Slice(selector, container, go_on);
          break;
        case Selector::Kind::kFilter:
          more =
              ForEachChild(container, [&](JsonNode child) { return !Test(*selector.filter, child) || go_on(child); });
          break;
      }
      if (!more || run_->exhausted()) return false;
    }
    return true;
  }

  // RFC 9535, 2.3.4.2.2.
  template <typename Visit>
  bool Slice(const Selector& slice, JsonNode array, Visit visit) {
    if (slice.step == 0) return true;
    std::vector<JsonNode> elements;
    if (!ForEachChild(array, [&](JsonNode child) { return elements.push_back(child), true; })) return false;
    const auto length = static_cast<int64_t>(elements.size());
    const auto normal = [length](int64_t index) { return index < 0 ? index + length : index; };
    const bool forward = slice.step > 0;
    const int64_t start = slice.has_start ? normal(slice.index) : forward ? 0 : length - 1;
    const int64_t end = slice.has_end ? normal(slice.end) : forward ? length : -1;
    if (forward) {
      const int64_t upper = std::clamp<int64_t>(end, 0, length);
      for (int64_t at = std::clamp<int64_t>(start, 0, length); at < upper;) {
        if (!run_->Spend(1) || !visit(elements[static_cast<size_t>(at)])) return false;
        if (slice.step >= length - at) break;
        at += slice.step;
      }
    } else {
      const int64_t lower = std::clamp<int64_t>(end, -1, length - 1);
      for (int64_t at = std::clamp<int64_t>(start, -1, length - 1); at > lower;) {
        if (!run_->Spend(1) || !visit(elements[static_cast<size_t>(at)])) return false;
        if (-slice.step > at) break;
        at += slice.step;
      }
    }
    return true;
  }

  const Message& message_;
  FilterRun* const run_;
};

}  // namespace

bool Expression::Holds(const Message& message, FilterRun* run) const {
  return Evaluation(message, run).Test(*tree_, JsonDocument::root()) && !run->exhausted();
}

bool Expression::Select(const Message& message, FilterRun* run, std::vector<JsonNode>* nodes) const {
  if (tree_->kind != Logical::Kind::kExists) return false;
  Selection selection;
  selection.purpose = Selection::Purpose::kAll;
  selection.all = nodes;
  Evaluation(message, run).Select(tree_->operands[0].query, JsonDocument::root(), &selection);
  return !run->exhausted();
}

}  // namespace kasocki
