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

// What one cursor may have prepared while `others` lack room.
size_t ShareOf(size_t credit, size_t others) { return std::max<size_t>(1, credit / (others + 1)); }

}  // namespace

Session::Session(SessionId id, size_t max_prepared_bytes, std::shared_ptr<const FilterClass> filter_class,
                 std::shared_ptr<const Filter> guard, std::chrono::milliseconds max_delay)
    : id_(id),
      max_prepared_bytes_(std::max<size_t>(1, max_prepared_bytes)),
      guard_(std::move(guard)),
      max_delay_(max_delay),
      filter_class_(std::move(filter_class)) {}

Taken Session::Take(size_t max_bytes, size_t max_count, bool* credit) {
  std::lock_guard lock(mutex_);
  Taken taken;
  size_t bytes = 0;
  size_t count = 0;
  if (!queue_.empty() && std::holds_alternative<Notice>(queue_.front())) {
    moved_ = true;
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
    moved_ = true;
    const size_t taken_bytes = front->matches->BytesBetween(front->first, fitting);
    bytes += taken_bytes;
    front->cursor->prepared -= taken_bytes;
    count += fitting - front->first;
    taken.segments.push_back({front->matches, front->first, fitting, nullptr, {}});
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

void Session::SetDenied(Cursor* cursor, bool denied) {
  if (cursor->denied == denied) return;
  cursor->denied = denied;
  denied ? ++denied_ : --denied_;
}

void Session::Deny(Cursor* cursor) {
  SetDenied(cursor, true);
  starved_ = true;
}

size_t Session::RoomFor(const Cursor& cursor) const {
  const size_t share = ShareOf(max_prepared_bytes_, denied_ - (cursor.denied ? 1 : 0));
  return std::min(Room(), share > cursor.prepared ? share - cursor.prepared : 0);
}

void Session::Move(Cursor* cursor, int64_t position) {
  moved_ = moved_ || cursor->position != position;
  SetDenied(cursor, false);
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
  for (const std::unique_ptr<Cursor>& cursor : cursors) {
    cursor->returned = kNothing;
    cursor->prepared = 0;
    SetDenied(cursor.get(), false);
  }
  std::list<Item> notices;
  for (Item& item : queue_) {
    if (auto* segment = std::get_if<Segment>(&item)) {
      // Segments of one cursor stand in the order of their offsets: the earliest one counts.
      Cursor* cursor = segment->cursor;
      if (cursor->returned == kNothing) {
        cursor->returned = segment->matches->matches[segment->first].offset;
        cursor->mark = segment->before;
      }
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
  for (const std::unique_ptr<Cursor>& cursor : cursors) {
    cursor->delivered = cursor->position;
    cursor->delivered_mark = cursor->mark;
  }
  for (auto it = queue_.rbegin(); it != queue_.rend(); ++it) {
    if (auto* segment = std::get_if<Segment>(&*it)) {
      segment->cursor->delivered = segment->matches->matches[segment->first].offset;
      segment->cursor->delivered_mark = segment->before;
    } else if (auto* gap = std::get_if<GapNotice>(&std::get<Notice>(*it))) {
      gap->cursor->delivered = std::min(gap->from, gap->to);
    }
  }
}

std::optional<std::vector<Position>> Session::TakePositions() {
  std::lock_guard lock(mutex_);
  if (!std::exchange(moved_, false)) return std::nullopt;
  FindDelivered();
  std::vector<Position> positions;
  positions.reserve(cursors.size());
  for (const std::unique_ptr<Cursor>& cursor : cursors) {
    if (cursor->ended) continue;
    positions.push_back({{cursor->name, cursor->delivered}, cursor->delivered_mark, cursor->until});
  }
  return positions;
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
  moved_ = true;
  std::vector<Standing> stood;
  for (const std::unique_ptr<Cursor>& cursor : cursors) {
    if (cursor->ended || (topics != nullptr && !topics->contains(cursor->name.topic))) continue;
    cursor->ended = true;
    SetDenied(cursor.get(), false);
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

Cursor* Session::AddCursor(Generation generation, const TopicPartition& partition, const Stretch& stretch,
                           Announce announce) {
  std::lock_guard lock(mutex_);
  if (closed_ || generation != generation_) return nullptr;
  --expected_;
  Cursor* cursor = nullptr;
  if (!at_end_ && !ended_topics_.contains(partition.topic)) {
    cursor = cursors.emplace_back(std::make_unique<Cursor>(this, partition)).get();
    cursor->position = cursor->seen_position = stretch.position;
    cursor->mark = stretch.mark;
    cursor->until = stretch.until;
    moved_ = true;
    if (!cursor->done()) ++open_;
    if (announce != Announce::kNo) AnnounceJoined({partition, stretch.position, announce == Announce::kExact});
    if (const auto& asked = stretch.asked; asked && std::min(*asked, stretch.position) < stretch.until.offset) {
      auto reason = *asked < stretch.position ? GapNotice::Reason::kRetention : GapNotice::Reason::kTruncated;
      Enqueue(GapNotice{{}, *asked, std::min(stretch.position, stretch.until.offset), reason, cursor});
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
  if (RoomFor(*cursor) * 2 >= ShareOf(max_prepared_bytes_, denied_ - (cursor->denied ? 1 : 0))) return Boarding::kReady;
  Deny(cursor);
  return Boarding::kNoRoom;
}

std::optional<int64_t> Session::WantsFrom(const Cursor& cursor) const {
  std::lock_guard lock(mutex_);
  if (closed_ || !wanting_ || cursor.ended || cursor.done()) return std::nullopt;
  return cursor.position;
}

bool Session::StandsAt(const Cursor& cursor, int64_t position) const {
  std::lock_guard lock(mutex_);
  return cursor.position == position && !cursor.ended && !cursor.done();
}

bool Session::ClampPosition(Cursor* cursor, int64_t begin, int64_t end) {
  std::lock_guard lock(mutex_);
  if (cursor->ended || cursor->done()) return false;
  const bool above = cursor->position > std::max(begin, end);
  if (cursor->position < begin) {
    Leap(cursor, begin, GapNotice::Reason::kRetention);
  } else if (above) {
    Leap(cursor, std::max(begin, end), GapNotice::Reason::kTruncated);
  }
  cursor->seen_position = cursor->position;
  CheckEnd();
  return above;
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

Session::Step Session::StepContext::Prepare(const std::shared_ptr<const Matches>& matches, int64_t end, Mark mark) {
  const size_t first = matches->LowerBound(cursor_->position);
  const size_t limit = matches->LowerBound(cursor_->until.offset);
  size_t last = std::min(matches->Fitting(first, session_->RoomFor(*cursor_)), limit);
  // One match larger than its cursor's part still travels, if the credit is not used up: what is prepared is at most the
  // credit and one match.
  if (last == first && first < limit && cursor_->prepared == 0) ++last;
  if (first == last && last < limit) {
    session_->Move(cursor_, matches->matches[last].offset);
    session_->Deny(cursor_);
    return Step::kNoRoom;
  }
  if (first < last) {
    const size_t bytes = matches->BytesBetween(first, last);
    session_->prepared_bytes_ += bytes;
    cursor_->prepared += bytes;
    session_->Enqueue(Segment{matches, first, last, cursor_, cursor_->mark});
  }
  if (last < limit) return MoveTo(matches->matches[last].offset);
  if (end <= cursor_->until.offset) cursor_->mark = mark;
  return MoveTo(end);
}

}  // namespace kasocki
