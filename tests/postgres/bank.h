#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/net/loop/loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"
#include "weft/rpc/server/server_context.h"
#include "weft/storage/postgres/database.h"
#include "weft/transaction/two_phase/in_doubt_resolver.h"
#include "weft/transaction/two_phase/postgres_branches.h"
#include "weft/transaction/two_phase/two_phase_coordinator.h"

#include "bank.weft.h"
#include "tests/postgres/point_store.h"

namespace weft::test {

using bank::Amount;

/// Accounts in a database, `account(id, cents)`.
class BankService final : public bank::BankService {
 public:
  explicit BankService(std::shared_ptr<transaction::PostgresBranches> branches)
      : branches_(std::move(branches)) {}

  Task<Result<Amount>> Add(ServerContext& context, const Amount& request) override {
    return branches_->work(context, request, add);
  }

 private:
  static Task<Result<Amount>> add(sql::Queryable& db, const Amount& request) {
    const Result<sql::Rows> done =
        co_await db.run("UPDATE account SET cents = cents + $2 WHERE id = $1 AND cents + $2 >= 0",
                        request.account(), static_cast<std::int64_t>(request.cents()));
    if (!done.ok()) co_return done.status();
    if (done->changed() == 0) co_return failed_precondition("no money");
    co_return request;
  }

  std::shared_ptr<transaction::PostgresBranches> branches_;
};

inline postgres::Options bank_options() {
  postgres::Options options;
  options.connections = 3;
  options.idle_transaction = std::chrono::seconds(2);
  return options;
}

/// A bank: a server at some addresses with a database, on the loop that it is opened on. It asks
/// the coordinators at `office` about branches in doubt; one with a point does not, so that what it
/// does with its database is the transfers' only.
class BankNode {
 public:
  static Task<Result<std::unique_ptr<BankNode>>> open(std::string database,
                                                      std::vector<std::string> listen,
                                                      std::string office, Point point = {}) {
    Result<postgres::Database> opened =
        co_await postgres::open(std::move(database), bank_options());
    if (!opened.ok()) co_return opened.status();
    auto store = std::make_shared<PointStore>(*opened, point);
    transaction::PostgresBranchesOptions options;
    options.max_open = 2;
    options.idle = std::chrono::seconds(2);
    Result<std::shared_ptr<transaction::PostgresBranches>> branches =
        co_await transaction::PostgresBranches::open(sql::Database(store), options);
    if (!branches.ok()) co_return branches.status();
    auto node = std::make_unique<BankNode>(*std::move(branches), listen, office);
    Status status = node->server_.start();
    if (status.ok() && point.number == 0) status = node->resolver.start();
    if (!status.ok()) co_return status;
    store->arm();
    co_return node;
  }

  BankNode(std::shared_ptr<transaction::PostgresBranches> participant,
           const std::vector<std::string>& listen, const std::string& office)
      : server_(server_options(listen[0])),
        branches(std::move(participant)),
        resolver(branches, in_doubt(office)) {
    for (std::size_t i = 1; i < listen.size(); ++i) server_.listen(listen[i]);
    server_.add<BankService>(branches);
    server_.add(transaction::participant_service(branches));
  }

 private:
  static ServerOptions server_options(std::string listen) {
    ServerOptions options;
    options.listen = std::move(listen);
    options.loops = {net::Loop::current()};
    return options;
  }
  static transaction::InDoubtOptions in_doubt(const std::string& office) {
    transaction::InDoubtOptions options;
    options.find = [channel = std::make_shared<Channel>(office)](std::string_view) {
      return channel;
    };
    options.after = std::chrono::milliseconds(300);
    options.every = std::chrono::milliseconds(100);
    options.call_timeout = std::chrono::seconds(1);
    return options;
  }

  Server server_;

 public:
  const std::shared_ptr<transaction::PostgresBranches> branches;
  transaction::InDoubtResolver resolver;
};

/// A coordinator with its service, on the loop that it is opened on; a participant is its address.
class OfficeNode {
 public:
  static constexpr Duration kLease = std::chrono::seconds(1);

  static Task<Result<std::unique_ptr<OfficeNode>>> open(std::string database, std::string listen,
                                                        Point point = {}) {
    Result<postgres::Database> opened =
        co_await postgres::open(std::move(database), bank_options());
    if (!opened.ok()) co_return opened.status();
    auto store = std::make_shared<PointStore>(*opened, point);
    auto node = std::make_unique<OfficeNode>(sql::Database(store), std::move(listen));
    Status status = co_await node->coordinator.start();
    if (status.ok()) status = node->server_.start();
    if (!status.ok()) co_return status;
    store->arm();
    co_return node;
  }

  OfficeNode(sql::Database database, std::string listen)
      : coordinator(options_of(std::move(database))), server_(server_options(std::move(listen))) {
    server_.add(coordinator.service());
  }

  /// Takes `cents` from an account of the bank at one address and gives them to the account of the
  /// same name at another.
  Task<Status> transfer(std::string id, std::string from, std::string to, std::string account,
                        std::int64_t cents) {
    Result<transaction::GlobalTransaction> begun = coordinator.begin(std::move(id));
    if (!begun.ok()) co_return begun.status();
    transaction::GlobalTransaction tx = *std::move(begun);
    Status status = tx.enlist("from", from);
    if (status.ok()) status = tx.enlist("to", to);
    if (status.ok()) status = co_await add(tx, "from", from, account, -cents);
    if (status.ok()) status = co_await add(tx, "to", to, account, cents);
    if (!status.ok()) {
      static_cast<void>(co_await tx.abort());
      co_return aborted(status.to_string());
    }
    co_return co_await tx.commit();
  }

  /// A call of a branch.
  static Task<Status> add(transaction::GlobalTransaction& tx, std::string branch, std::string bank,
                          std::string account, std::int64_t cents) {
    const Result<Metadata> metadata = tx.work(branch);
    if (!metadata.ok()) co_return metadata.status();
    Channel channel(bank);
    const bank::BankClient client(channel);
    Amount amount;
    amount.set_account(account);
    amount.set_cents(cents);
    CallOptions options;
    options.metadata = &*metadata;
    options.timeout = std::chrono::seconds(5);
    options.wait_for_ready = true;
    co_return (co_await client.Add(amount, options)).status();
  }

 private:
  static transaction::TwoPhaseOptions options_of(sql::Database database) {
    transaction::TwoPhaseOptions options(std::move(database));
    options.find = [](std::string_view bank) {
      return std::make_shared<Channel>(std::string(bank));
    };
    options.lease = kLease;
    options.prepare_timeout = std::chrono::seconds(3);
    options.first_pause = std::chrono::milliseconds(20);
    options.longest_pause = std::chrono::milliseconds(200);
    return options;
  }
  static ServerOptions server_options(std::string listen) {
    ServerOptions options;
    options.listen = std::move(listen);
    options.loops = {net::Loop::current()};
    return options;
  }

 public:
  transaction::TwoPhaseCoordinator coordinator;

 private:
  Server server_;
};

}  // namespace weft::test
