#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/loop/loop.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/sqlite/sqlite_disk.h"
#include "weft/transaction/two_phase/in_doubt_resolver.h"
#include "weft/transaction/two_phase/participant.h"
#include "weft/transaction/two_phase/two_phase_coordinator.h"

namespace weft::transaction::test {

using namespace std::chrono_literals;

/// How a call of a bank ends, and when.
struct Answer {
  Status status;
  bool has_effect = true;
  Duration delay{};
};

/// A participant by hand. What is prepared survives a crash of it, and what is open does not.
class Bank final : public Participant {
 public:
  enum class Op : std::uint8_t { Prepare, Commit, Abort };

  /// Of the n-th call, counted from 1; null: all succeed.
  std::function<Answer(int n, Op op)> script;
  int money = 1000;
  int calls = 0;
  std::vector<std::string> order;  ///< "prepare t/from", as they had an effect

  Status work(const Metadata& metadata, int change) {
    const Result<WorkCall> call = work_call_of(metadata);
    if (!call.ok()) return call.status();
    Open& open = open_[call->branch];
    if (!open.served.insert(call->number).second) return aborted("twice");
    open.change += change;
    return ok_status();
  }
  void crash() { open_.clear(); }
  bool is_idle() const { return prepared_.empty(); }
  std::size_t open() const { return open_.size(); }
  /// A person ends a prepared branch.
  void end_by_hand(bool commit) {
    for (const auto& [branch, prepared] : prepared_) {
      if (commit) finish(branch, prepared.change);
    }
    prepared_.clear();
  }

  Task<Result<Vote>> prepare(TwoPhaseBranch branch, std::uint32_t calls_of_branch) override {
    const Answer answer = next(Op::Prepare);
    co_await pass(answer);
    Result<Vote> vote = Vote::Prepared;
    if (answer.has_effect) vote = prepare_now(branch, calls_of_branch);
    if (!answer.status.ok()) co_return answer.status;
    co_return vote;
  }
  Task<Result<BranchEnd>> commit(TwoPhaseBranch branch) override {
    const Answer answer = next(Op::Commit);
    co_await pass(answer);
    BranchEnd end;
    if (answer.has_effect) end = commit_now(branch);
    if (!answer.status.ok()) co_return answer.status;
    co_return end;
  }
  Task<Result<BranchEnd>> abort(TwoPhaseBranch branch) override {
    const Answer answer = next(Op::Abort);
    co_await pass(answer);
    BranchEnd end;
    if (answer.has_effect) end = abort_now(branch);
    if (!answer.status.ok()) co_return answer.status;
    co_return end;
  }
  Task<Result<std::vector<InDoubt>>> in_doubt(std::size_t most) override {
    std::vector<InDoubt> found;
    for (const auto& [branch, prepared] : prepared_) {
      if (found.size() == most) break;
      InDoubt one;
      one.branch = branch;
      one.age = net::Loop::current()->now() - prepared.since;
      found.push_back(std::move(one));
    }
    co_return found;
  }

 private:
  struct Open {
    int change = 0;
    std::set<std::uint32_t> served;
  };
  struct Prepared {
    int change = 0;
    TimePoint since{};
  };

  Answer next(Op op) { return script ? script(++calls, op) : Answer(); }
  static Task<> pass(Answer answer) {
    if (answer.delay > Duration::zero()) static_cast<void>(co_await net::sleep(answer.delay));
  }
  Result<Vote> prepare_now(const TwoPhaseBranch& branch, std::uint32_t calls_of_branch) {
    if (prepared_.contains(branch)) return Vote::Prepared;
    const auto open = open_.find(branch);
    if (open == open_.end()) return aborted("the branch is not here");
    const bool complete = open->second.served.size() == calls_of_branch &&
                          *open->second.served.rbegin() == calls_of_branch;
    const int change = open->second.change;
    open_.erase(open);
    if (!complete) return aborted("a call of the branch is missing");
    if (change == 0) return Vote::ReadOnly;
    if (money + change < 0) return aborted("no money");
    prepared_[branch] = {change, net::Loop::current()->now()};
    order.push_back("prepare " + branch.text());
    return Vote::Prepared;
  }
  BranchEnd commit_now(const TwoPhaseBranch& branch) {
    if (committed_.contains(branch)) return BranchEnd(BranchOutcome::Committed);
    const auto found = prepared_.find(branch);
    if (found == prepared_.end()) return BranchEnd(BranchOutcome::Aborted, "by hand");
    finish(branch, found->second.change);
    prepared_.erase(found);
    return BranchEnd(BranchOutcome::Committed);
  }
  void finish(const TwoPhaseBranch& branch, int change) {
    money += change;
    committed_.insert(branch);
    order.push_back("commit " + branch.text());
  }
  BranchEnd abort_now(const TwoPhaseBranch& branch) {
    if (committed_.contains(branch)) return BranchEnd(BranchOutcome::Committed, "by hand");
    open_.erase(branch);
    if (prepared_.erase(branch) > 0) order.push_back("abort " + branch.text());
    return BranchEnd(BranchOutcome::Aborted);
  }

  std::map<TwoPhaseBranch, Open> open_;
  std::map<TwoPhaseBranch, Prepared> prepared_;
  std::set<TwoPhaseBranch> committed_;
};

/// Two banks, each on a host of its own, and a host with a store and the coordinators on it.
class BankWorld {
 public:
  static constexpr const char* kNames[] = {"bank-a", "bank-b"};

  explicit BankWorld(std::uint64_t seed = 1) : disk(seed), network_(seed) {
    disk.set_clock([this] {
      const auto passed = std::chrono::floor<std::chrono::milliseconds>(network_.now() - begun_);
      return 1'000'000 + passed.count();
    });
    options_.vfs = disk.vfs();
    for (const std::string name : kNames) {
      banks[name] = std::make_shared<Bank>();
      servers_[name] = serve(network_.host(name), 50051, participant_service(banks[name]));
      channels_[name] = std::make_shared<Channel>(name + ":50051");
    }
    office();
    open();
  }
  ~BankWorld() {
    for (auto& [name, resolver] : resolvers_) network_.host(name).enter([&] { resolver.reset(); });
    crash();
    channels_.clear();
    servers_.clear();
    network_.run_until_idle(1min);
  }

  net::SimLoop& office() { return network_.host("office"); }
  net::SimNetwork& network() noexcept { return network_; }
  // Not inline: GCC 12 takes the moved task's value for uninitialised.
  template <class T>
  [[gnu::noinline]] T run(Task<T> task, Duration limit = 1h) {
    return weft::testing::run(office(), std::move(task), limit);
  }
  void run_for(Duration duration) { network_.run_for(duration); }

  TwoPhaseOptions options() {
    TwoPhaseOptions options(*database);
    options.find = [this](std::string_view name) { return channels_.at(std::string(name)); };
    options.lease = 1min;
    return options;
  }
  void start(std::optional<TwoPhaseCoordinator>& coordinator, TwoPhaseOptions options) {
    coordinator.emplace(std::move(options));
    started = run(coordinator->start());
    const int port = 7000 + ++ports_;
    offices_[&coordinator] = {serve(office(), port, coordinator->service()),
                              std::make_shared<Channel>("office:" + std::to_string(port))};
  }
  void drop(std::optional<TwoPhaseCoordinator>& coordinator) {
    offices_.erase(&coordinator);
    office().enter([&] { coordinator.reset(); });
  }
  void crash() {
    drop(one);
    drop(other);
    office().enter([this] { database.reset(); });
  }
  void open() {
    Result<sqlite::Database> opened = run(sqlite::open(folder.file("two_phase.db"), options_));
    if (opened.ok()) database.emplace(*std::move(opened));
  }
  /// From now on banks ask a coordinator that is there about branches in doubt.
  void resolve_in_doubt() {
    for (const std::string name : kNames) {
      InDoubtOptions options;
      options.find = [this](std::string_view) { return any_office(); };
      auto& resolver = resolvers_[name];
      resolver = std::make_unique<InDoubtResolver>(banks[name], std::move(options));
      network_.host(name).enter([&] { EXPECT_TRUE(resolver->start().ok()); });
    }
  }
  /// Takes `sum` from the first bank and gives it to the second.
  Task<Status> transfer(TwoPhaseCoordinator& by, std::string id, int sum) {
    Result<GlobalTransaction> begun = by.begin(std::move(id));
    if (!begun.ok()) co_return begun.status();
    GlobalTransaction tx = *std::move(begun);
    Status status = tx.enlist("from", "bank-a");
    if (status.ok()) status = tx.enlist("to", "bank-b");
    if (status.ok()) status = banks["bank-a"]->work(*tx.work("from"), -sum);
    if (status.ok()) status = banks["bank-b"]->work(*tx.work("to"), sum);
    if (!status.ok()) co_return status;
    co_return co_await tx.commit();
  }
  int money() const { return banks.at("bank-a")->money + banks.at("bank-b")->money; }
  Bank& from() { return *banks["bank-a"]; }
  Bank& to() { return *banks["bank-b"]; }
  std::int64_t records() {
    const auto found = run(database->one<std::int64_t>(
        "SELECT count(*) FROM weft_global_transaction WHERE state <> 4"));
    return found.ok() ? *found : -1;
  }

  weft::testing::Folder folder;
  /// Its time is the world's; it begins 1000 s after 1970.
  weft::testing::SqliteDisk disk;
  std::map<std::string, std::shared_ptr<Bank>> banks;
  std::optional<sqlite::Database> database;
  std::optional<TwoPhaseCoordinator> one;
  std::optional<TwoPhaseCoordinator> other;
  Status started;

 private:
  static std::unique_ptr<Server> serve(net::SimLoop& host, int port,
                                       std::shared_ptr<ServiceDefinition> service) {
    ServerOptions options;
    options.listen = ":" + std::to_string(port);
    options.loops = {&host};
    auto server = std::make_unique<Server>(std::move(options));
    server->add(std::move(service));
    const Status status = server->start();
    if (!status.ok()) throw weft::testing::DidNotHappen(status.to_string());
    return server;
  }
  /// Where a coordinator answers participants.
  struct Office {
    std::unique_ptr<Server> server;
    std::shared_ptr<Channel> channel;
  };
  std::shared_ptr<Service> any_office() const {
    return offices_.empty() ? nullptr : offices_.begin()->second.channel;
  }

  net::SimNetwork network_;
  TimePoint begun_ = network_.now();
  sqlite::Options options_;
  std::map<std::string, std::unique_ptr<Server>> servers_;
  std::map<std::string, std::shared_ptr<Channel>> channels_;
  std::map<std::string, std::unique_ptr<InDoubtResolver>> resolvers_;
  std::map<const void*, Office> offices_;
  int ports_ = 0;
};

}  // namespace weft::transaction::test
