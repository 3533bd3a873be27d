// Cursors whose filters take long.
//
// Were such a cursor to ride on, a catch-up scan would have to wait for it, and with the scan all who ride it. So it gets
// off, with the one chunk that it is at in its hands: the slow lane keeps that until it is judged, whatever becomes of the
// scan. So it comes on however slow it is. Then it waits for a scan like any other: the one it left, if that is still
// there, or one that starts for it in its turn.
//
// If the lane has too much to do it waits without a chunk, and tries again.
#include <algorithm>
#include <utility>

#include "engine/partition.h"

namespace kasocki {
namespace {

constexpr std::chrono::milliseconds kTryAgain{50};

}  // namespace

void Partition::SetApart(Cursor* cursor, std::shared_ptr<SlowJob> job, Clock::time_point now) {
  GetOff(cursor, &apart_);
  cursor->since = now;
  cursor->may_skip = true;
  cursor->slow_job = std::move(job);
  if (cursor->slow_job) ++cursor->slow_job->waiting;
}

void Partition::ReleaseJob(Cursor* cursor) {
  if (!cursor->slow_job) return;
  if (--cursor->slow_job->waiting == 0) cursor->slow_job->wanted = false;
  cursor->slow_job = nullptr;
}

void Partition::ComeBack(Cursor* cursor, CursorList* list, Clock::time_point now) {
  ReleaseJob(cursor);
  GetOff(cursor, list);
  cursor->since = now;
}

// What it waits for is still what it needs.
bool Partition::StaysApart(const Cursor& cursor) const {
  return cursor.slow_job && cursor.session->filter_class() == cursor.slow_job->filter_class;
}

bool Partition::StepApart(Clock::time_point now) {
  bool moved = false;
  for (size_t i = apart_.size(); i-- > 0;) {
    Cursor* cursor = apart_[i];
    if (cursor->slow_job) {
      if (cursor->slow_job->found) moved |= StepApart(cursor, now);
    } else if (now >= cursor->since + kTryAgain) {
      ComeBack(cursor, &waiting_, now);
    } else {
      SetTimer(cursor->since + kTryAgain);
    }
  }
  return moved;
}

// Through what was found in its chunk.
bool Partition::StepApart(Cursor* cursor, Clock::time_point now) {
  Session* session = cursor->session;
  const SlowJob& job = *cursor->slow_job;
  int64_t over_budget = -1;
  const Session::Step step = session->Advance(cursor, [&](Session::StepContext& context) {
    const int64_t position = context.position();
    if (context.shared_filter_class() != job.filter_class || position < job.from || position >= job.to) {
      return Session::Step::kBehind;
    }
    if (job.found->last_over_budget >= position) over_budget = job.found->last_over_budget;
    return context.Prepare(job.found, job.to, {job.records->last_leader_epoch(), job.records->last_timestamp()});
  });
  if (over_budget >= 0) host_->FilterOverBudget(session, *this, over_budget);
  switch (step) {
    case Session::Step::kMovedAndReady:
      host_->SessionReady(session->id(), {});
      [[fallthrough]];
    case Session::Step::kMoved:
      if (cursor->seen_position >= job.to) ComeBack(cursor, &waiting_, now);
      return true;
    case Session::Step::kNotWanting:
    case Session::Step::kNoRoom:
      // What is left of the chunk is judged again when it is wanted: else slow clients would keep chunks in memory.
      ComeBack(cursor, &idle_, now);
      return false;
    default:
      ComeBack(cursor, &waiting_, now);
      return true;
  }
}

}  // namespace kasocki
