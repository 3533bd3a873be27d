// Why the catch-up scan goes at the pace of its riders: if a cursor simply got off when its credit was used up and came
// back later, a thousand clients of one backlog would have it read hundreds of times, each at its own moment. Waiting
// for those that move, and only for those, has it read once; a client that does not move costs the others `hold` once
// and is then read for separately.
#include "engine/partition.h"

#include <algorithm>
#include <limits>

namespace kasocki {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstBackoff{500};
constexpr milliseconds kLongestBackoff{30000};
// Steps of all riders in one Pump, so that other partitions get their turn.
constexpr int kStepsPerPump = 32;
// What a catch-up scan found for a session is told at once if it is so much, bytes.
constexpr size_t kWorthTelling = 16 * 1024;
// While cursors keep joining, those that have not moved yet are waited for, at most so many times `hold`.
constexpr int kLongestJoining = 5;
// How long those who move were stalled is averaged over so many of them. A multiple of it is waited for, if that is more than
// `hold`: on a busy server every client takes longer, and if all lost their places the re-reading would make it busier.
constexpr int kStallSamples = 16;
constexpr int kHoldsOfStall = 4;
constexpr int kLongestHold = 10;
// A scan that must leave its riders for another cursor's sake stays with that one for at least this part of `patience`.
constexpr int kTurnsPerPatience = 2;
constexpr int kPatienceAhead = 10;

// There is, or was for a moment, no such topic.
bool IsTopicGone(const Error& error) {
  return error.code == "UNKNOWN_TOPIC_OR_PART" || error.code == "_UNKNOWN_TOPIC" ||
         error.code == "_UNKNOWN_PARTITION" || error.code == "UNKNOWN_TOPIC_ID";
}

}  // namespace

Partition::Partition(uint64_t id, TopicPartition name, const PartitionOptions& options, PartitionHost* host,
                     Counters* counters)
    : id_(id), name_(std::move(name)), options_(options), host_(host), counters_(counters) {
  ++counters_->partitions;
}

Partition::~Partition() {
  counters_->tail_scans -= tail_scans();
  counters_->catch_up_scans -= catch_up_scans();
  --counters_->partitions;
}

void Partition::Add(Cursor* cursor) {
  cursor->partition = this;
  idle_.Add(cursor);
  ++counters_->cursors;
}

void Partition::Remove(Cursor* cursor) {
  ReleaseJob(cursor);
  if (cursor->list != nullptr) cursor->list->Remove(cursor);
  cursor->scan = nullptr;
  cursor->partition = nullptr;
  --counters_->cursors;
}

void Partition::Ride(Scan* scan, Cursor* cursor) {
  cursor->scan = scan;
  scan->riding.Add(cursor);
}

void Partition::GetOff(Cursor* cursor, CursorList* list) {
  cursor->scan = nullptr;
  list->Add(cursor);
}

int64_t Partition::End() const {
  if (tail_ && tail_->established()) return tail_->to();
  return catch_up_ && catch_up_->established() ? std::max(catch_up_->known_end(), catch_up_->to()) : -1;
}

// Asked when a cursor boards or has credit again, not at each step: a client that takes what it is given is not slow,
// however many records come at once.
bool Partition::SkipIfSlow(Cursor* cursor) {
  if (!cursor->may_skip) return false;
  const int64_t end = End();
  if (end < 0) return false;
  cursor->may_skip = false;
  if (!cursor->session->SkipTo(cursor, end)) return false;
  if (cursor->session->TakeNews()) host_->SessionReady(cursor->session->id(), {});
  return true;
}

void Partition::LeaveScan(Scan* scan, Clock::time_point now) {
  while (!scan->riding.empty()) {
    Cursor* cursor = scan->riding[scan->riding.size() - 1];
    GetOff(cursor, &waiting_);
    cursor->since = now;
  }
  while (!scan->stalled.empty()) GetOff(scan->stalled[scan->stalled.size() - 1], &idle_);
}

void Partition::Wake(Cursor* cursor, Clock::time_point now) {
  if (cursor->scan != nullptr) {
    if (cursor->list == &cursor->scan->riding) return;
    cursor->may_skip = true;
    stall_ += (std::chrono::duration_cast<milliseconds>(now - cursor->since) - stall_) / kStallSamples;
    cursor->scan->riding.Add(cursor);
    cursor->since = now;
    joined_at_ = now;
  } else if (cursor->list != &waiting_ && !StaysApart(*cursor)) {
    ReleaseJob(cursor);
    cursor->may_skip = true;
    waiting_.Add(cursor);
    cursor->since = now;
  }
}

bool Partition::Pump(Clock::time_point now) {
  timer_.reset();
  if (asking_bounds_) return false;
  if (failed_ && now < retry_at_) {
    SetTimer(retry_at_);
    return false;
  }
  if (gone_) {
    AskBounds();
    return false;
  }
  bool more = StepApart(now);
  Board();
  if (tail_) more |= PumpScan(tail_.get(), now);
  if (catch_up_) more |= PumpScan(catch_up_.get(), now);
  if (asking_bounds_ || (failed_ && now < retry_at_)) return false;
  HandOver();
  Board();
  ManageTail(now);
  ManageCatchUp(now);
  return more;
}

bool Partition::PumpScan(Scan* scan, Clock::time_point now) {
  const bool is_tail = scan == tail_.get();
  const bool full = !is_tail && scan->memory() >= options_.catch_up_bytes;
  bool more = false;
  if (!full) {
    ReadOutcome outcome = scan->Read(options_.read_batch);
    if (outcome.out_of_range) {
      LeaveScan(scan, now);
      std::unique_ptr<Scan>& ended = is_tail ? tail_ : catch_up_;
      --(is_tail ? counters_->tail_scans : counters_->catch_up_scans);
      ended.reset();
      AskBounds();
      return false;
    }
    if (outcome.error) {
      Fail(*outcome.error, now);
      return false;
    }
    if (outcome.records > 0 || outcome.at_end) failed_ = false;
    more = outcome.records > 0;
  }
  bool moved = true;
  for (int step = 0; moved && step < kStepsPerPump; ++step) moved = StepRiders(scan, now);
  if (is_tail) {
    scan->DropTo(options_.tail_bytes);
  } else {
    PaceCatchUp(now);
    // The reader does not call for records that it has had all the while.
    more |= full && scan->memory() < options_.catch_up_bytes;
  }
  scan->ForgetResultsBelow(LowestIn(*scan));
  return more || moved;  // moved: there was more than kStepsPerPump
}

// From here on somebody needs what is found in the scan's chunks: who is on it, or on the other scan and inside its
// interval, because chunks are inherited.
int64_t Partition::LowestIn(const Scan& scan) const {
  int64_t lowest = scan.to();
  const Scan* other = &scan == tail_.get() ? catch_up_.get() : tail_.get();
  const bool meets = other != nullptr && other->from() <= scan.to() && scan.from() <= other->to();
  for (const Scan* on : {&scan, meets ? other : nullptr}) {
    if (on == nullptr) continue;
    for (const CursorList* list : {&on->riding, &on->stalled}) {
      for (const Cursor* cursor : *list) {
        if (on == &scan || scan.Covers(cursor->seen_position)) lowest = std::min(lowest, cursor->seen_position);
      }
    }
  }
  return lowest;
}

bool Partition::StepRiders(Scan* scan, Clock::time_point now) {
  bool moved = false;
  unevaluated_.clear();
  for (size_t i = scan->riding.size(); i-- > 0;) moved |= StepRider(scan, scan->riding[i], now);
  if (needed_.empty()) return moved;
  apart_needs_.swap(needed_);
  host_->Evaluate(this, &apart_needs_);
  std::erase_if(apart_needs_, [](const PartitionHost::Needed& need) { return !need.apart; });
  for (const PartitionHost::Needed& need : apart_needs_) need.chunk->results.Unask(need.filter_class->id);
  // Those still not evaluated go apart, wait for JavaScript, or changed their filter this very moment.
  std::vector<Cursor*> again;
  again.swap(unevaluated_);
  for (Cursor* cursor : again) moved |= StepRider(scan, cursor, now);
  apart_needs_.clear();
  return moved || !needed_.empty();
}

bool Partition::StepRider(Scan* scan, Cursor* cursor, Clock::time_point now) {
  Session* session = cursor->session;
  if (SkipIfSlow(cursor) && scan == catch_up_.get()) {
    GetOff(cursor, &waiting_);
    cursor->since = now;
    return false;
  }
  const PartitionHost::Needed* apart = nullptr;
  int64_t over_budget = -1;
  size_t found_bytes = 0;
  Session::Step step = session->Advance(cursor, [&](Session::StepContext& context) {
    int64_t position = context.position();
    if (position < scan->from()) return Session::Step::kBehind;
    if (position >= scan->to()) return Session::Step::kAtEnd;
    const std::shared_ptr<ScanChunk>* chunk = scan->ChunkAt(position);
    if (chunk == nullptr) return context.MoveTo(scan->to());
    if (context.until_time() >= 0) {
      int64_t until = (*chunk)->records->FindTime(position, context.until_time());
      if (until >= 0) return context.SetUntil(until);
    }
    const std::shared_ptr<const FilterClass>& filter_class = context.shared_filter_class();
    const std::shared_ptr<const Matches>* found = (*chunk)->Find(*filter_class);
    if (found != nullptr) {
      if ((*found)->last_over_budget >= position) over_budget = (*found)->last_over_budget;
      found_bytes = (*found)->total_bytes();
      const RecordChunk& records = *(*chunk)->records;
      return context.Prepare(*found, (*chunk)->to, {records.last_leader_epoch(), records.last_timestamp()});
    }
    const auto known = std::find_if(apart_needs_.begin(), apart_needs_.end(), [&](const PartitionHost::Needed& need) {
      return need.chunk == *chunk && need.filter_class == filter_class;
    });
    if (known != apart_needs_.end()) {
      apart = &*known;
    } else if ((*chunk)->results.Ask(filter_class->id)) {
      scan->ExpectResults(**chunk);
      needed_.push_back({*chunk, filter_class});
    }
    return Session::Step::kNotEvaluated;
  });
  if (over_budget >= 0) host_->FilterOverBudget(session, *this, over_budget);
  switch (step) {
    case Session::Step::kMovedAndReady:
      // Who is behind anyhow, and got little, can wait for more: the main thread takes as long for one match as for many.
      host_->SessionReady(session->id(), scan == catch_up_.get() && found_bytes < kWorthTelling ? session->max_delay()
                                                                                                : milliseconds(0));
      [[fallthrough]];
    case Session::Step::kMoved:
      cursor->since = now;
      return true;
    case Session::Step::kAtEnd:
      return false;
    case Session::Step::kNotEvaluated:
      if (apart != nullptr) {
        SetApart(cursor, apart->job, now);
      } else {
        unevaluated_.push_back(cursor);
      }
      return false;
    case Session::Step::kBehind:
      GetOff(cursor, &waiting_);
      cursor->since = now;
      return false;
    case Session::Step::kNotWanting:
      GetOff(cursor, &idle_);
      return false;
    case Session::Step::kNoRoom:
      if (scan == tail_.get()) {
        GetOff(cursor, &idle_);
      } else {
        scan->stalled.Add(cursor);
      }
      return false;
  }
  return false;
}

void Partition::HandOver() {
  if (!tail_ || !catch_up_ || !tail_->established()) return;
  // Stalled cursors stay: the catch-up scan waits for them a little, the tail does not.
  for (size_t i = catch_up_->riding.size(); i-- > 0;) {
    Cursor* cursor = catch_up_->riding[i];
    if (tail_->Covers(cursor->seen_position)) Ride(tail_.get(), cursor);
  }
}

void Partition::Board() {
  for (size_t i = waiting_.size(); i-- > 0;) {
    Cursor* cursor = waiting_[i];
    if (cursor->session->CanBoard(cursor) != Session::Boarding::kReady) {
      idle_.Add(cursor);
      continue;
    }
    SkipIfSlow(cursor);
    // Ahead of the tail is as good as on it: Kafka told of an end that the tail is about to read.
    if (tail_ && tail_->established() && cursor->seen_position >= tail_->from()) {
      Ride(tail_.get(), cursor);
    } else if (catch_up_ && catch_up_->Covers(cursor->seen_position)) {
      Ride(catch_up_.get(), cursor);
    }
  }
}

void Partition::PaceCatchUp(Clock::time_point now) {
  Scan* scan = catch_up_.get();
  int64_t lowest = std::numeric_limits<int64_t>::max();
  for (const Cursor* cursor : scan->riding) lowest = std::min(lowest, cursor->seen_position);
  const bool done = scan->at_end() && tail_ && tail_->established();
  if (done || !waiting_.empty() || scan->memory() >= options_.catch_up_bytes) {
    // The scan should go on, or end: those without progress for too long are left behind.
    const milliseconds hold = std::clamp(kHoldsOfStall * stall_, options_.hold, kLongestHold * options_.hold);
    Clock::time_point joining = std::min(joined_at_, started_at_ + kLongestJoining * options_.hold);
    for (size_t i = scan->stalled.size(); i-- > 0;) {
      Cursor* cursor = scan->stalled[i];
      Clock::time_point until = std::max(cursor->since, joining) + hold;
      if (now >= until) {
        GetOff(cursor, &idle_);
      } else {
        lowest = std::min(lowest, cursor->seen_position);
        SetTimer(until);
      }
    }
  } else {
    for (const Cursor* cursor : scan->stalled) lowest = std::min(lowest, cursor->seen_position);
  }
  if (lowest != std::numeric_limits<int64_t>::max()) scan->DropBelow(lowest, options_.catch_up_bytes);
}

void Partition::ManageTail(Clock::time_point now) {
  if (!tail_) {
    if (!catch_up_) return;
    if (catch_up_->at_end() && !catch_up_->riding.empty()) return StartTail(catch_up_->to());
    const int64_t end = End();
    int64_t lowest = std::numeric_limits<int64_t>::max();
    for (const Cursor* cursor : waiting_) {
      const bool near = end >= 0 && cursor->seen_position >= end - static_cast<int64_t>(options_.read_batch);
      if (near && cursor->seen_position > catch_up_->to()) lowest = std::min(lowest, cursor->seen_position);
    }
    if (lowest != std::numeric_limits<int64_t>::max()) StartTail(lowest);
    return;
  }
  if (!tail_->riding.empty() || !apart_.empty() || !tail_->established()) {
    tail_deserted_at_ = now;
  } else if (now >= tail_deserted_at_ + options_.linger) {
    tail_.reset();
    --counters_->tail_scans;
  } else {
    SetTimer(tail_deserted_at_ + options_.linger);
  }
}

// The cursor that has waited too long for the scan to go on without it, if any. What lies ahead is normally reached by
// going on, so only what lies behind is urgent.
Cursor* Partition::NextTurn(Clock::time_point now) const {
  if (now < started_at_ + options_.patience / kTurnsPerPatience) return nullptr;
  Cursor* next = nullptr;
  for (Cursor* cursor : waiting_) {
    bool ahead = cursor->seen_position > catch_up_->to();
    if (now < cursor->since + options_.patience * (ahead ? kPatienceAhead : 1)) continue;
    if (next == nullptr || cursor->seen_position < next->seen_position) next = cursor;
  }
  return next;
}

void Partition::ManageCatchUp(Clock::time_point now) {
  if (catch_up_) {
    bool ridden = !catch_up_->riding.empty();
    if (ridden || !apart_.empty()) deserted_at_ = now;
    Cursor* turn = NextTurn(now);
    bool others_first = !ridden && catch_up_->stalled.empty() && !waiting_.empty();
    bool tail_took_over = !ridden && catch_up_->stalled.empty() && tail_ && tail_->established() && catch_up_->at_end();
    bool lingered = !ridden && now >= deserted_at_ + options_.linger;
    if (turn == nullptr && !others_first && !tail_took_over && !lingered) {
      if (!ridden) SetTimer(deserted_at_ + options_.linger);
      if (!waiting_.empty()) SetTimer(now + options_.hold);
      return;
    }
    int64_t start = turn != nullptr ? turn->seen_position : -1;
    LeaveScan(catch_up_.get(), now);
    catch_up_.reset();
    --counters_->catch_up_scans;
    if (start >= 0) return StartCatchUp(start, now);
  }
  int64_t lowest = std::numeric_limits<int64_t>::max();
  for (const Cursor* cursor : waiting_) lowest = std::min(lowest, cursor->seen_position);
  if (!waiting_.empty()) StartCatchUp(lowest, now);
}

void Partition::StartCatchUp(int64_t position, Clock::time_point now) {
  Result<std::unique_ptr<LogReader>> reader = host_->OpenReader(KafkaClient::Role::kCatchUp, this, position);
  if (!reader.ok()) return Fail(reader.error(), now);
  catch_up_ = std::make_unique<Scan>(std::move(reader.value()), position, counters_);
  ++counters_->catch_up_scans;
  started_at_ = joined_at_ = deserted_at_ = now;
  Board();
  // Cursors that stand here and have not started yet are waited for a little: they are likely to start in a moment.
  for (size_t i = idle_.size(); i-- > 0;) {
    Cursor* cursor = idle_[i];
    if (!cursor->session->StandsAt(*cursor, position)) continue;
    cursor->scan = catch_up_.get();
    cursor->seen_position = position;
    cursor->since = now;
    catch_up_->stalled.Add(cursor);
  }
}

void Partition::StartTail(int64_t position) {
  Result<std::unique_ptr<LogReader>> reader = host_->OpenReader(KafkaClient::Role::kTail, this, position);
  // The catch-up scan goes on at the end of the log; the next Pump tries again.
  if (!reader.ok()) return;
  tail_ = std::make_unique<Scan>(std::move(reader.value()), position, counters_);
  if (position == catch_up_->to()) tail_->Inherit(*catch_up_);
  ++counters_->tail_scans;
}

void Partition::DropScans(Clock::time_point now) {
  for (std::unique_ptr<Scan>* scan : {&tail_, &catch_up_}) {
    if (*scan) LeaveScan(scan->get(), now);
  }
  counters_->tail_scans -= tail_scans();
  counters_->catch_up_scans -= catch_up_scans();
  tail_.reset();
  catch_up_.reset();
}

void Partition::Fail(const Error& error, Clock::time_point now) {
  DropScans(now);
  gone_ = gone_ || IsTopicGone(error);
  if (!failed_) {
    backoff_ = kFirstBackoff;
    std::vector<SessionId> sessions;
    for (const Cursor* cursor : waiting_) sessions.push_back(cursor->session->id());
    for (const Cursor* cursor : idle_) sessions.push_back(cursor->session->id());
    for (const Cursor* cursor : apart_) sessions.push_back(cursor->session->id());
    host_->PartitionFailed(this, sessions, error);
  } else {
    backoff_ = std::min(backoff_ * 2, kLongestBackoff);
  }
  failed_ = true;
  retry_at_ = now + backoff_;
  SetTimer(retry_at_);
}

void Partition::AskBounds() {
  asking_bounds_ = true;
  host_->RequestBounds(this);
}

void Partition::SetLife(TopicLife life, Clock::time_point now) {
  life_ = life;
  bool others = false;
  auto look = [life, &others](const CursorList& list) {
    for (Cursor* cursor : list) {
      if (cursor->life == kUnknownLife) cursor->life = life;
      others = others || cursor->life != life;
    }
  };
  for (const CursorList* list : {&idle_, &waiting_, &apart_}) look(*list);
  for (const Scan* scan : {tail_.get(), catch_up_.get()}) {
    if (scan == nullptr) continue;
    look(scan->riding);
    look(scan->stalled);
  }
  if (!others) return;
  DropScans(now);  // they may hold records of both
  if (!asking_bounds_) AskBounds();
}

void Partition::SetBounds(const Result<LogBounds>& bounds, Clock::time_point now) {
  asking_bounds_ = false;
  if (!bounds.ok()) return Fail(bounds.error(), now);
  gone_ = false;
  const LogBounds& log = bounds.value();
  for (Scan* scan : {tail_.get(), catch_up_.get()}) {
    if (scan != nullptr) LeaveScan(scan, now);
  }
  // A cursor never jumps over records that exist: below the log's start it goes on there, above its end at the end. Of
  // another log than the one it read, it gets all.
  for (CursorList* list : {&idle_, &waiting_, &apart_}) {
    for (size_t i = list->size(); i-- > 0;) {
      Cursor* cursor = (*list)[i];
      const bool anew = cursor->life != kUnknownLife && cursor->life != life_;
      const bool above = cursor->session->ClampPosition(cursor, log.begin, anew ? log.begin : log.end);
      if (anew) {
        cursor->life = life_;
      } else if (above) {
        cursor->life = kUnknownLife;  // that of the log that it is in now, though nobody could tell
      }
      // What it waits for is of the log as it was.
      if ((anew || above) && list == &apart_) ComeBack(cursor, &waiting_, now);
      if (cursor->session->TakeNews()) host_->SessionReady(cursor->session->id(), {});
    }
  }
}

bool Partition::unused() const {
  return !tail_ && !catch_up_ && idle_.empty() && waiting_.empty() && apart_.empty() && !asking_bounds_;
}

int64_t Partition::Lag() {
  int64_t lowest = std::numeric_limits<int64_t>::max();
  auto look = [&lowest](const CursorList& list) {
    for (const Cursor* cursor : list) lowest = std::min(lowest, cursor->seen_position);
  };
  look(waiting_);
  look(apart_);
  for (const Cursor* cursor : idle_) lowest = std::min(lowest, cursor->session->WantsFrom(*cursor).value_or(lowest));
  for (const Scan* scan : {tail_.get(), catch_up_.get()}) {
    if (scan == nullptr) continue;
    look(scan->riding);
    look(scan->stalled);
  }
  const bool wanted = lowest != std::numeric_limits<int64_t>::max();
  int64_t end = tail_ ? tail_->known_end() : catch_up_ ? catch_up_->known_end() : -1;
  lacks_end_ = wanted && end < 0;
  if (end < 0) end = end_;
  if (!lacks_end_) end_ = -1;
  return wanted && end >= 0 ? std::max<int64_t>(0, end - lowest) : -1;
}

}  // namespace kasocki
