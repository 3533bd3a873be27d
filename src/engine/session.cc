#include "engine/session.h"

#include <algorithm>

namespace kasocki {

Session::Session(SessionId id, size_t max_prepared_bytes, std::shared_ptr<const FilterClass> filter_class,
                 std::shared_ptr<const Filter> guard, std::chrono::milliseconds max_delay)
    : id_(id),
      max_prepared_bytes_(std::max<size_t>(1, max_prepared_bytes)),
      guard_(std::move(guard)),
      max_delay_(max_delay),
      filter_class_(std::move(filter_class)) {}

std::vector<Segment> Session::Take(size_t max_bytes, size_t max_count, bool* credit) {
  std::lock_guard lock(mutex_);
  std::vector<Segment> taken;
  size_t bytes = 0;
  size_t count = 0;
  while (!prepared_.empty() && count < max_count) {
    Segment& front = prepared_.front();
    size_t fitting = front.matches->Fitting(front.first, max_bytes > bytes ? max_bytes - bytes : 0);
    fitting = std::min({fitting, front.last, front.first + (max_count - count)});
    if (fitting == front.first) {
      if (count > 0) break;
      ++fitting;  // a match larger than all of max_bytes still travels
    }
    bytes += front.matches->BytesBetween(front.first, fitting);
    count += fitting - front.first;
    taken.push_back({front.matches, front.first, fitting, front.cursor});
    front.first = fitting;
    if (front.first == front.last) prepared_.pop_front();
  }
  prepared_bytes_ -= bytes;
  if (prepared_.empty()) listed_ = false;
  *credit = starved_ && Room() * 2 >= max_prepared_bytes_;
  if (*credit) starved_ = false;
  return taken;
}

void Session::GiveBack() {
  // Segments of one cursor stand in the order of their offsets: walking from the back, the earliest one wins.
  for (auto it = prepared_.rbegin(); it != prepared_.rend(); ++it) {
    it->cursor->position = it->matches->matches[it->first].offset;
  }
  prepared_.clear();
  prepared_bytes_ = 0;
  listed_ = false;
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

Session::Boarding Session::CanBoard() {
  std::lock_guard lock(mutex_);
  if (closed_ || !wanting_) return Boarding::kNotWanting;
  if (Room() * 2 >= max_prepared_bytes_) return Boarding::kReady;
  starved_ = true;
  return Boarding::kNoRoom;
}

int64_t Session::Position(const Cursor& cursor) const {
  std::lock_guard lock(mutex_);
  return cursor.position;
}

void Session::SetPosition(Cursor* cursor, int64_t position) {
  std::lock_guard lock(mutex_);
  cursor->position = position;
  cursor->seen_position = position;
}

void Session::ClampPosition(Cursor* cursor, int64_t begin, int64_t end) {
  std::lock_guard lock(mutex_);
  cursor->position = std::clamp(cursor->position, begin, std::max(begin, end));
  cursor->seen_position = cursor->position;
}

bool Session::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

Session::Step Session::StepContext::Prepare(const std::shared_ptr<const Matches>& matches, int64_t end) {
  size_t first = matches->LowerBound(cursor_->position);
  size_t last = matches->Fitting(first, session_->Room());
  // One match larger than the whole credit still travels, alone.
  if (last == first && first < matches->size() && session_->prepared_.empty()) ++last;
  cursor_->position = last == matches->size() ? end : matches->matches[last].offset;
  if (first == last && last < matches->size()) {
    session_->starved_ = true;
    return Step::kNoRoom;
  }
  if (first == last) return Step::kMoved;
  session_->prepared_bytes_ += matches->BytesBetween(first, last);
  session_->prepared_.push_back({matches, first, last, cursor_});
  if (session_->listed_) return Step::kMoved;
  session_->listed_ = true;
  return Step::kMovedAndReady;
}

}  // namespace kasocki
