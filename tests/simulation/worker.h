#pragma once

#include <string>
#include <utility>

#include "tests/simulation/book.h"
#include "work.weft.h"

namespace weft::simulation {

class Caller;

/// The server's end of the work: does what the plan in a call's metadata says, checks every message
/// and writes into the book what it sees.
class Worker final : public WorkService {
 public:
  /// `name` is this server's in the book; `caller` makes the calls of handlers that ask another
  /// server, and may be null where there are none.
  Worker(Book& book, std::string name, Caller* caller)
      : book_(book), name_(std::move(name)), caller_(caller) {}

 private:
  class Visit;
  Task<Result<Part>> One(ServerContext& context, const Part& request) override;
  Task<Result<Part>> Up(ServerContext& context, Reader<Part>& reader) override;
  Task<Status> Down(ServerContext& context, const Part& request, Writer<Part>& writer) override;
  Task<Status> Both(ServerContext& context, Reader<Part>& reader, Writer<Part>& writer) override;

  /// What comes before the answer: a pause, a question to another server, a wait for the end.
  Task<Status> prepare(Visit& visit);
  static Task<Status> down(Visit& visit, Writer<Part>& writer);
  static Task<Status> both(Visit& visit, Reader<Part>& reader, Writer<Part>& writer);

  Book& book_;
  std::string name_;
  Caller* caller_;
};

}  // namespace weft::simulation
