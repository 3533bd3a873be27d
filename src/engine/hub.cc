#include "engine/hub.h"

#include <utility>

namespace kasocki {

Hub::Hub(WorkerOptions options, std::function<void()> ring)
    : outbox_(std::move(ring)), worker_(std::move(options), &mailbox_, &outbox_, &counters_) {
  thread_ = std::thread([this] { worker_.Run(); });
}

void Hub::Join() {
  Close();
  if (thread_.joinable()) thread_.join();
}

void Hub::Close() {
  if (std::exchange(closing_, true)) return;
  mailbox_.Post([this] { worker_.Stop(); });
}

void Hub::RequestTopics(RequestId request, std::chrono::milliseconds max_age, std::chrono::milliseconds timeout) {
  mailbox_.Post([=, this] { worker_.RequestTopics(request, max_age, timeout); });
}

void Hub::Describe(RequestId request, std::vector<std::string> topics) {
  mailbox_.Post([this, request, topics = std::move(topics)] { worker_.Describe(request, topics); });
}

std::shared_ptr<Session> Hub::OpenSession(const SessionOptions& options) {
  auto format = classes_.Format(options.name_space, options.metadata, options.max_depth, options.fields);
  auto filter_class = classes_.Class(nullptr, 0, options.decoder, std::move(format), options.guard);
  auto session = std::make_shared<Session>(next_session_++, options.max_prepared_bytes, std::move(filter_class),
                                           options.guard, options.max_delay);
  mailbox_.Post([this, session] { worker_.AddSession(session); });
  return session;
}

void Hub::CloseSession(const std::shared_ptr<Session>& session) {
  session->Close();
  mailbox_.Post([this, session] { worker_.RemoveSession(session); });
}

void Hub::Subscribe(const std::shared_ptr<Session>& session, RequestId request, std::vector<Assignment> assignments,
                    const SubscribeOptions& options) {
  mailbox_.Post(
      [this, session, generation = session->generation(), request, assignments = std::move(assignments),
       options]() mutable { worker_.Subscribe(session, generation, request, std::move(assignments), options); });
}

void Hub::Join(const std::shared_ptr<Session>& session, std::vector<Assignment> topics) {
  mailbox_.Post([this, session, generation = session->generation(), topics = std::move(topics)] {
    worker_.Join(session, generation, topics);
  });
}

std::vector<Standing> Hub::Unsubscribe(const std::shared_ptr<Session>& session, const std::set<std::string>* topics,
                                       bool bounded) {
  std::vector<Standing> stood = session->Unsubscribe(topics, bounded);
  mailbox_.Post([this, session] { worker_.RemoveEnded(session); });
  return stood;
}

void Hub::WakeSession(const std::shared_ptr<Session>& session) {
  mailbox_.Post([this, session] { worker_.Wake(session); });
}

// A wake-up of the worker is a system call, and takes longer than all else that a `start` does: when ten thousand sockets
// start at once, it is one for all of them.
void Hub::WakeSoon(const std::shared_ptr<Session>& session) {
  if (closing_) return;
  waking_.push_back(session);
  outbox_.Ring();
}

void Hub::TakeEvents(std::vector<HubEvent>* events, std::vector<SessionId>* ready) {
  outbox_.Take(events, ready);
  if (waking_.empty()) return;
  mailbox_.Post([this, sessions = std::exchange(waking_, {})] {
    for (const std::shared_ptr<Session>& session : sessions) worker_.Wake(session);
  });
}

void Hub::SetFilter(const std::shared_ptr<Session>& session, std::shared_ptr<const Filter> filter, FunctionId matcher) {
  auto now = session->filter_class();
  session->SetFilterClass(classes_.Class(std::move(filter), matcher, now->decoder, now->format, session->guard()));
  WakeSoon(session);
}

void Hub::SetWanting(const std::shared_ptr<Session>& session, bool wanting) {
  if (session->SetWanting(wanting) && wanting) WakeSoon(session);
}

Taken Hub::Take(const std::shared_ptr<Session>& session, size_t max_bytes, size_t max_count) {
  bool credit = false;
  Taken taken = session->Take(max_bytes, max_count, &credit);
  if (credit) WakeSession(session);
  return taken;
}

void Hub::Deserialized(RequestId request, std::vector<std::optional<std::string>> texts) {
  mailbox_.Post(
      [this, request, texts = std::move(texts)]() mutable { worker_.Deserialized(request, std::move(texts)); });
}

void Hub::Matched(RequestId request, std::vector<uint8_t> verdicts) {
  mailbox_.Post([this, request, verdicts = std::move(verdicts)] { worker_.Matched(request, verdicts); });
}

void Hub::SetToken(std::string token, int64_t expires_ms, std::string principal,
                   std::vector<std::pair<std::string, std::string>> extensions) {
  mailbox_.Post([this, token = std::move(token), expires_ms, principal = std::move(principal),
                 extensions = std::move(extensions)] { worker_.SetToken(token, expires_ms, principal, extensions); });
}

void Hub::FailToken(std::string reason) {
  mailbox_.Post([this, reason = std::move(reason)] { worker_.FailToken(reason); });
}

}  // namespace kasocki
