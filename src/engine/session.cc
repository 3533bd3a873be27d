#include "engine/session.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace kasocki {
namespace {

bool IsEmpty(const Notice& notice) {
  auto* assigned = std::get_if<AssignedNotice>(&notice);
  return assigned != nullptr && assigned->joined.empty();
}

}  // namespace

Session::Session(SessionId id, size_t max_prepared_bytes, std::shared_ptr<const FilterClass> filter_class,
                 std::shared_ptr<const Filter> guard)
    : id_(id),
      max_prepared_bytes_(std::max<size_t>(1, max_prepared_bytes)),
      guard_(std::move(guard)),
      filter_class_(std::move(filter_class)) {}

Taken Session::Take(size_t max_bytes, size_t max_count, bool* credit) {
  std::lock_guard lock(mutex_);
  Taken taken;
  size_t bytes = 0;
  size_t count = 0;
  if (!queue_.empty() && std::holds_alternative<Notice>(queue_.front())) {
    taken.notice = std::get<Notice>(std::move(queue_.front()));
    queue_.pop_front();
    Complete(&*taken.notice);
  }
  while (!taken.notice && !queue_.empty() && count < max_count) {
    Segment* front = std::get_if<Segment>(&queue_.front());
    if (front == nullptr) break;
    size_t fitting = front->matches->Fitting(front->first, max_bytes > bytes ? max_bytes - bytes : 0);
    fitting = std::min({fitting, front->last, front->first + (max_count - count)});
    if (fitting == front->first) {
      if (count > 0) break;
      ++fitting;  // a match larger than all of max_bytes still travels
    }
    bytes += front->matches->BytesBetween(front->first, fitting);
    count += fitting - front->first;
    taken.segments.push_back({front->matches, front->first, fitting, nullptr});
    front->first = fitting;
    if (front->first == front->last) queue_.pop_front();
  }
  prepared_bytes_ -= bytes;
  if (queue_.empty()) listed_ = false;
  *credit = starved_ && Room() * 2 >= max_prepared_bytes_;
  if (*credit) starved_ = false;
  return taken;
}

void Session::Complete(Notice* notice) {
  if (auto* end = std::get_if<EndNotice>(notice)) {
    for (const std::unique_ptr<Cursor>& cursor : cursors) {
      if (!cursor->ended) end->ended.push_back({cursor->name, cursor->position});
    }
    end_queued_ = false;
    at_end_ = true;
  } else if (auto* gap = std::get_if<GapNotice>(notice)) {
    gap->partition = std::exchange(gap->cursor, nullptr)->name;
  }
}

void Session::Enqueue(Item item) {
  queue_.push_back(std::move(item));
  if (!std::exchange(listed_, true)) news_ = true;
}

bool Session::TakeNews() {
  std::lock_guard lock(mutex_);
  return std::exchange(news_, false);
}

void Session::Move(Cursor* cursor, int64_t position) {
  if (!cursor->done()) --open_;
  cursor->position = position;
  if (!cursor->done()) ++open_;
}

void Session::CheckEnd() {
  if (!bounded_ || closed_ || end_queued_ || at_end_ || expected_ > 0 || open_ > 0) return;
  end_queued_ = true;
  Enqueue(EndNotice{});
}

void Session::DropEnd() {
  if (!std::exchange(end_queued_, false)) return;
  std::erase_if(queue_, [](const Item& item) {
    auto* notice = std::get_if<Notice>(&item);
    return notice != nullptr && std::holds_alternative<EndNotice>(*notice);
  });
}

void Session::GiveBack() {
  constexpr int64_t kNothing = -1;
  for (const std::unique_ptr<Cursor>& cursor : cursors) cursor->returned = kNothing;
  std::deque<Item> notices;
  for (Item& item : queue_) {
    if (auto* segment = std::get_if<Segment>(&item)) {
      // Segments of one cursor stand in the order of their offsets: the earliest one counts.
      int64_t& returned = segment->cursor->returned;
      if (returned == kNothing) returned = segment->matches->matches[segment->first].offset;
      continue;
    }
    if (auto* gap = std::get_if<GapNotice>(&std::get<Notice>(item))) {
      // What lies before a gap can't be read again: the gap begins there.
      int64_t returned = std::exchange(gap->cursor->returned, kNothing);
      if (returned != kNothing) gap->from = returned;
    }
    notices.push_back(std::move(item));
  }
  for (const std::unique_ptr<Cursor>& cursor : cursors) {
    if (cursor->returned != kNothing) Move(cursor.get(), cursor->returned);
  }
  queue_ = std::move(notices);
  prepared_bytes_ = 0;
  if (open_ > 0) DropEnd();
  listed_ = !queue_.empty();
  CheckEnd();
}

void Session::SetFilterClass(std::shared_ptr<const FilterClass> filter_class) {
  std::lock_guard lock(mutex_);
  GiveBack();
  filter_class_ = std::move(filter_class);
}

bool Session::SetWanting(bool wanting) {
  std::lock_guard lock(mutex_);
  if (wanting_ == wanting || closed_) return false;
  wanting_ = wanting;
  if (!wanting) GiveBack();
  return true;
}

void Session::FindDelivered() {
  for (const std::unique_ptr<Cursor>& cursor : cursors) cursor->delivered = cursor->position;
  for (auto it = queue_.rbegin(); it != queue_.rend(); ++it) {
    if (auto* segment = std::get_if<Segment>(&*it)) {
      segment->cursor->delivered = segment->matches->matches[segment->first].offset;
    } else if (auto* gap = std::get_if<GapNotice>(&std::get<Notice>(*it))) {
      gap->cursor->delivered = std::min(gap->from, gap->to);
    }
  }
}

void Session::ForgetJoined(const std::set<std::string>& topics) {
  for (Item& item : queue_) {
    auto* notice = std::get_if<Notice>(&item);
    auto* assigned = notice == nullptr ? nullptr : std::get_if<AssignedNotice>(notice);
    if (assigned == nullptr) continue;
    std::erase_if(assigned->joined, [&](const Joined& joined) { return topics.contains(joined.partition.topic); });
  }
}

std::vector<Standing> Session::Unsubscribe(const std::set<std::string>* topics, bool bounded) {
  std::lock_guard lock(mutex_);
  FindDelivered();
  std::vector<Standing> stood;
  for (const std::unique_ptr<Cursor>& cursor : cursors) {
    if (cursor->ended || (topics != nullptr && !topics->contains(cursor->name.topic))) continue;
    cursor->ended = true;
    if (!cursor->done()) --open_;
    stood.push_back({cursor->name, cursor->delivered});
  }
  if (topics != nullptr) ForgetJoined(*topics);
  std::erase_if(queue_, [&](const Item& item) {
    auto* segment = std::get_if<Segment>(&item);
    if (segment == nullptr) {
      auto* gap = std::get_if<GapNotice>(&std::get<Notice>(item));
      return topics == nullptr || IsEmpty(std::get<Notice>(item)) || (gap != nullptr && gap->cursor->ended);
    }
    if (!segment->cursor->ended) return false;
    prepared_bytes_ -= segment->matches->BytesBetween(segment->first, segment->last);
    return true;
  });
  if (topics == nullptr) {
    ++generation_;
    ended_topics_.clear();
    expected_ = 0;
    bounded_ = end_queued_ = at_end_ = false;
    skip_lag_ = kNeverSkip;
  } else {
    bounded_ = bounded;
    ended_topics_.insert(topics->begin(), topics->end());
  }
  if (queue_.empty()) listed_ = false;
  CheckEnd();
  return stood;
}

Session::Generation Session::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

void Session::Expect(Generation generation, size_t cursors) {
  std::lock_guard lock(mutex_);
  if (generation != generation_ || cursors == 0) return;
  expected_ += cursors;
  DropEnd();
}

void Session::SetBounded(Generation generation, bool bounded) {
  std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  bounded_ = bounded;
  CheckEnd();
}

void Session::SetSkipLag(Generation generation, int64_t lag) {
  std::lock_guard lock(mutex_);
  if (generation == generation_) skip_lag_ = lag;
}

Cursor* Session::AddCursor(Generation generation, const TopicPartition& partition, int64_t position, Bound until,
                           Announce announce, std::optional<int64_t> asked) {
  std::lock_guard lock(mutex_);
  if (closed_ || generation != generation_) return nullptr;
  --expected_;
  Cursor* cursor = nullptr;
  if (!at_end_ && !ended_topics_.contains(partition.topic)) {
    cursor = cursors.emplace_back(std::make_unique<Cursor>(this, partition)).get();
    cursor->position = cursor->seen_position = position;
    cursor->until = until;
    if (!cursor->done()) ++open_;
    if (announce != Announce::kNo) AnnounceJoined({partition, position, announce == Announce::kExact});
    if (asked && std::min(*asked, position) < until.offset) {
      auto reason = *asked < position ? GapNotice::Reason::kRetention : GapNotice::Reason::kTruncated;
      Enqueue(GapNotice{{}, *asked, std::min(position, until.offset), reason, cursor});
    }
  }
  CheckEnd();
  return cursor;
}

void Session::AnnounceJoined(Joined joined) {
  auto* last = queue_.empty() ? nullptr : std::get_if<Notice>(&queue_.back());
  auto* assigned = last == nullptr ? nullptr : std::get_if<AssignedNotice>(last);
  if (assigned != nullptr) {
    assigned->joined.push_back(std::move(joined));
  } else {
    Enqueue(AssignedNotice{{std::move(joined)}});
  }
}

std::vector<std::unique_ptr<Cursor>> Session::RemoveEnded() {
  std::lock_guard lock(mutex_);
  auto end = std::stable_partition(cursors.begin(), cursors.end(), [](const auto& cursor) { return !cursor->ended; });
  std::vector<std::unique_ptr<Cursor>> removed(std::make_move_iterator(end), std::make_move_iterator(cursors.end()));
  cursors.erase(end, cursors.end());
  return removed;
}

void Session::Close() {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  GiveBack();
}

std::shared_ptr<const FilterClass> Session::filter_class() const {
  std::lock_guard lock(mutex_);
  return filter_class_;
}

Session::Boarding Session::CanBoard(Cursor* cursor) {
  std::lock_guard lock(mutex_);
  cursor->seen_position = cursor->position;
  if (closed_ || !wanting_ || cursor->ended || cursor->done()) return Boarding::kNotWanting;
  if (Room() * 2 >= max_prepared_bytes_) return Boarding::kReady;
  starved_ = true;
  return Boarding::kNoRoom;
}

bool Session::StandsAt(const Cursor& cursor, int64_t position) const {
  std::lock_guard lock(mutex_);
  return cursor.position == position && !cursor.ended && !cursor.done();
}

void Session::ClampPosition(Cursor* cursor, int64_t begin, int64_t end) {
  std::lock_guard lock(mutex_);
  if (cursor->ended || cursor->done()) return;
  if (cursor->position < begin) {
    Leap(cursor, begin, GapNotice::Reason::kRetention);
  } else if (cursor->position > std::max(begin, end)) {
    Leap(cursor, std::max(begin, end), GapNotice::Reason::kTruncated);
  }
  cursor->seen_position = cursor->position;
  CheckEnd();
}

bool Session::SkipTo(Cursor* cursor, int64_t end) {
  std::lock_guard lock(mutex_);
  if (closed_ || !wanting_ || cursor->ended || cursor->done() || end - cursor->position <= skip_lag_) return false;
  Leap(cursor, end, GapNotice::Reason::kSkipped);
  cursor->seen_position = cursor->position;
  CheckEnd();
  return true;
}

void Session::Leap(Cursor* cursor, int64_t to, GapNotice::Reason reason) {
  const int64_t from = cursor->position;
  Move(cursor, std::min(to, cursor->until.offset));
  // One that stands still while the log moves on has one gap that grows.
  for (auto it = queue_.rbegin(); it != queue_.rend(); ++it) {
    auto* segment = std::get_if<Segment>(&*it);
    auto* gap = segment != nullptr ? nullptr : std::get_if<GapNotice>(&std::get<Notice>(*it));
    if (segment != nullptr ? segment->cursor != cursor : gap == nullptr || gap->cursor != cursor) continue;
    if (gap == nullptr || gap->reason != reason || gap->to != from) break;
    gap->to = cursor->position;
    return;
  }
  Enqueue(GapNotice{{}, from, cursor->position, reason, cursor});
}

bool Session::Continues(Generation generation) const {
  std::lock_guard lock(mutex_);
  return !closed_ && generation == generation_ && !at_end_;
}

bool Session::Wants(const std::string& topic) const {
  std::lock_guard lock(mutex_);
  return !ended_topics_.contains(topic);
}

bool Session::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

Session::Step Session::StepContext::SetUntil(int64_t offset) {
  if (!cursor_->done()) --session_->open_;
  cursor_->until = {offset};
  if (!cursor_->done()) ++session_->open_;
  session_->CheckEnd();
  return Step::kMoved;
}

Session::Step Session::StepContext::MoveTo(int64_t position) {
  session_->Move(cursor_, std::min(position, cursor_->until.offset));
  session_->CheckEnd();
  return Step::kMoved;
}

Session::Step Session::StepContext::Prepare(const std::shared_ptr<const Matches>& matches, int64_t end) {
  const size_t first = matches->LowerBound(cursor_->position);
  const size_t limit = matches->LowerBound(cursor_->until.offset);
  size_t last = std::min(matches->Fitting(first, session_->Room()), limit);
  // One match larger than the whole credit still travels, alone.
  if (last == first && first < limit && session_->prepared_bytes_ == 0) ++last;
  if (first == last && last < limit) {
    session_->starved_ = true;
    session_->Move(cursor_, matches->matches[last].offset);
    return Step::kNoRoom;
  }
  if (first < last) {
    session_->prepared_bytes_ += matches->BytesBetween(first, last);
    session_->Enqueue(Segment{matches, first, last, cursor_});
  }
  return MoveTo(last < limit ? matches->matches[last].offset : end);
}

}  // namespace kasocki
