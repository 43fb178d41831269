#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/storage/sql/driver.h"

namespace weft::sql::test {

/// A database by script: each commit gives the next Status of `commits`, or OK; what was done is
/// kept.
class ScriptedDriver final : public Driver {
 public:
  Task<Result<Rows>> run(Statement statement) override {
    done.push_back(statement.text());
    return Result<Rows>(answer);
  }
  Task<Result<std::unique_ptr<Session>>> begin(BeginOptions) override {
    done.push_back("BEGIN");
    return Result<std::unique_ptr<Session>>(std::make_unique<ScriptedSession>(*this));
  }

  std::vector<std::string> done;
  std::deque<Status> commits;
  Status answer = not_found("nothing scripted");

 private:
  class ScriptedSession final : public Session {
   public:
    explicit ScriptedSession(ScriptedDriver& driver) : driver_(driver) {}
    ~ScriptedSession() override {
      if (!ended_) driver_.done.push_back("dropped");
    }
    Task<Result<Rows>> run(Statement statement) override {
      return driver_.run(std::move(statement));
    }
    Task<Status> commit() override {
      driver_.done.push_back("COMMIT");
      ended_ = true;
      if (driver_.commits.empty()) return Status();
      Status status = driver_.commits.front();
      driver_.commits.pop_front();
      return status;
    }
    Task<Status> rollback() override {
      driver_.done.push_back("ROLLBACK");
      ended_ = true;
      return Status();
    }

   private:
    ScriptedDriver& driver_;
    bool ended_ = false;
  };
};

}  // namespace weft::sql::test
