#include "tests/simulation/worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/net/loop.h"

#include "tests/simulation/caller.h"
#include "tests/simulation/part.h"

namespace weft::simulation {

/// A handler's stay in its call: what it has seen, and how it ends in the book.
class Worker::Visit {
 public:
  Visit(Book& book, const std::string& name, ServerContext& context)
      : book_(book), context_(context), plan_(plan_of(context)), received_(plan_.call()) {
    book_.handler_began(plan_.call(), name, now(), context.deadline());
    if (context.metadata().get("plain") != std::to_string(plan_.call())) {
      fault("came with other metadata than was sent");
    }
    context.response_metadata().add("call", std::to_string(plan_.call()));
    context.set_compression(static_cast<Compression>(plan_.compression()));
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() { book_.handler_ended(plan_.call(), status_, now(), context_.deadline()); }

  const Plan& plan() const noexcept { return plan_; }
  ServerContext& context() const noexcept { return context_; }
  TimePoint now() const noexcept { return context_.call().loop().now(); }
  void fault(const std::string& what) { book_.fault(plan_.call(), "on the server " + what); }

  void take(const Part& part) {
    const std::string wrong = received_.take(part);
    if (!wrong.empty()) fault(wrong);
  }
  /// The requests have come to their end, as the reader says.
  void requests_ended() {
    if (received_.count() != plan_.requests()) {
      fault("got a regular end after " + std::to_string(received_.count()) + " messages");
    }
  }
  Part answer(std::uint32_t index) const {
    return make_part(plan_.call(), index, plan_.answer_size());
  }
  Task<Status> pause() const {
    if (plan_.pause() == 0) return Task<Status>(Status());
    Rng& rng = context_.call().loop().rng();
    return net::sleep(Duration(static_cast<std::int64_t>(rng.below(plan_.pause()))));
  }

  /// The handler's own end: what went wrong, or else what the plan says.
  Status end(Status status) {
    if (status.ok() && plan_.code() != 0) {
      status = Status(static_cast<StatusCode>(plan_.code()),
                      "as call " + std::to_string(plan_.call()) + " wished: 100 % \u00fc\n");
    }
    context_.trailers().add("digest", std::to_string(received_.digest()));
    status_ = status;
    return status;
  }

 private:
  static Plan plan_of(ServerContext& context) {
    Plan plan;
    const auto bytes = context.metadata().get("plan-bin");
    if (!bytes || !plan.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      plan.Clear();
    }
    return plan;
  }

  Book& book_;
  ServerContext& context_;
  Plan plan_;
  PartCounter received_;
  std::optional<Status> status_;
};

Task<Status> Worker::prepare(Visit& visit) {
  Status status = co_await visit.pause();
  if (!status.ok()) co_return status;
  if (visit.plan().hang()) co_return co_await net::sleep(kForever);
  if (!visit.plan().relay().empty() && caller_ != nullptr) {
    co_return co_await caller_->ask_for(visit.plan().call(), visit.plan().relay());
  }
  co_return status;
}

Task<Result<Part>> Worker::One(ServerContext& context, const Part& request) {
  Visit visit(book_, name_, context);
  visit.take(request);
  visit.requests_ended();
  Status status = visit.end(co_await prepare(visit));
  if (!status.ok()) co_return status;
  co_return visit.answer(0);
}

Task<Result<Part>> Worker::Up(ServerContext& context, Reader<Part>& reader) {
  Visit visit(book_, name_, context);
  Part part;
  Status status;
  while (status.ok() && co_await reader.read(part)) {
    visit.take(part);
    status = co_await visit.pause();
  }
  if (status.ok()) status = reader.status();
  if (status.ok()) {
    visit.requests_ended();
    status = co_await prepare(visit);
  }
  status = visit.end(std::move(status));
  if (!status.ok()) co_return status;
  co_return visit.answer(0);
}

Task<Status> Worker::Down(ServerContext& context, const Part& request, Writer<Part>& writer) {
  Visit visit(book_, name_, context);
  visit.take(request);
  visit.requests_ended();
  Status status = co_await prepare(visit);
  if (status.ok()) status = co_await down(visit, writer);
  co_return visit.end(std::move(status));
}

Task<Status> Worker::down(Visit& visit, Writer<Part>& writer) {
  for (std::uint32_t i = 0; i < visit.plan().answers(); ++i) {
    const Part part = visit.answer(i);
    if (!co_await writer.write(part)) co_return writer.status();
    Status status = co_await visit.pause();
    if (!status.ok()) co_return status;
  }
  co_return ok_status();
}

Task<Status> Worker::Both(ServerContext& context, Reader<Part>& reader, Writer<Part>& writer) {
  Visit visit(book_, name_, context);
  Status status = co_await prepare(visit);
  if (status.ok()) status = co_await both(visit, reader, writer);
  co_return visit.end(std::move(status));
}

Task<Status> Worker::both(Visit& visit, Reader<Part>& reader, Writer<Part>& writer) {
  Part part;
  while (co_await reader.read(part)) {
    visit.take(part);
    const Part answer = visit.answer(part.index());
    if (!co_await writer.write(answer)) co_return writer.status();
    Status status = co_await visit.pause();
    if (!status.ok()) co_return status;
  }
  Status status = reader.status();
  if (status.ok()) visit.requests_ended();
  co_return status;
}

}  // namespace weft::simulation
