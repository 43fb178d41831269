// Orders that are paid, and a billing that adds them up: by events, so that either may die at any
// moment.
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "weft/coro/scope.h"
#include "weft/messaging/events/publisher.h"
#include "weft/messaging/events/received_event.h"
#include "weft/messaging/events/subscriber.h"
#include "weft/middleware/timeout.h"
#include "weft/net/loop_thread.h"
#include "weft/net/run_blocking.h"
#include "weft/storage/sql/transact.h"
#include "weft/storage/sqlite/database.h"
#include "weft/transaction/barrier/barrier.h"
#include "weft/transaction/outbox/outbox.h"

#include "orders.weft.h"

using namespace weft;
using namespace std::chrono_literals;
using google::protobuf::Empty;
using transaction::Barrier;
using transaction::OnceTransaction;
using transaction::Outbox;

/// Adds an order to the bill, once: the inbox knows the event again.
Task<Status> bill(OnceTransaction& tx, const events::Event&, std::int64_t cents) {
  const auto added =
      co_await tx.run("UPDATE bill SET orders = orders + 1, cents = cents + $1", cents);
  co_return added.status();
}

class Billing final : public shop::OrderEventsService {
 public:
  explicit Billing(Barrier barrier) : barrier_(std::move(barrier)) {}

  Task<Result<Empty>> Paid(ServerContext& context, const shop::OrderPaid& paid) override {
    const messaging::ReceivedEvent& received = *messaging::received_event(context);
    const Status billed = co_await barrier_.once(*received.event, bill, paid.cents());
    if (!billed.ok()) co_return billed;
    co_return Empty();
  }

 private:
  Barrier barrier_;
};

/// An order and the event that tells of it are one transaction.
Task<Status> take_order(sql::Transaction& tx, Outbox outbox, std::int64_t number) {
  const auto taken = co_await tx.run("INSERT INTO orders(id) VALUES ($1)", number);
  if (!taken.ok()) co_return taken.status();
  shop::OrderPaid paid;
  paid.set_order_id(std::to_string(number));
  paid.set_cents(number);
  events::Event event;
  event.type = paid.GetTypeName();
  event.key = "customer " + std::to_string(number % 7);
  event.data = Bytes::copy_of(paid.SerializeAsString());
  co_return co_await outbox.emit(tx, std::move(event));
}

/// Takes the orders up to `count` that were not taken before.
Task<Status> take_orders(sql::Database db, Outbox outbox, std::int64_t count) {
  const Result<std::int64_t> taken =
      co_await db.one<std::int64_t>("SELECT coalesce(max(id), 0) FROM orders");
  if (!taken.ok()) co_return taken.status();
  for (std::int64_t number = *taken + 1; number <= count; ++number) {
    const Status status = co_await sql::transact(db, take_order, outbox, number);
    if (!status.ok()) co_return status;
    outbox.wake();
  }
  co_return ok_status();
}

struct Bill {
  std::int64_t orders = 0;
  std::int64_t cents = 0;
};

/// Waits until every order is on the bill.
Task<Result<Bill>> wait_for(sql::Database db, std::int64_t count) {
  while (true) {
    const Result<Bill> bill = co_await db.one<Bill>("SELECT orders, cents FROM bill");
    if (!bill.ok() || bill->orders >= count) co_return bill;
    const Status waited = co_await net::sleep(10ms);
    if (!waited.ok()) co_return waited;
  }
}

Task<Result<Bill>> run_shop(std::string folder, std::int64_t count) {
  sqlite::Options options;
  options.migrations.push_back(
      {"shop",
       "CREATE TABLE orders(id INTEGER PRIMARY KEY);"
       "CREATE TABLE bill(orders INTEGER NOT NULL, cents INTEGER NOT NULL);"
       "INSERT INTO bill VALUES (0, 0)"});
  Result<sqlite::Database> db = co_await sqlite::open(folder + "/shop.db", std::move(options));
  if (!db.ok()) co_return db.status();
  Result<Barrier> barrier = co_await Barrier::open(*db);
  if (!barrier.ok()) co_return barrier.status();
  Result<Outbox> outbox = co_await Outbox::open(*db, "shop/orders");
  if (!outbox.ok()) co_return outbox.status();

  const std::string log = "log:" + folder + "/log";
  messaging::Publisher orders({.to = log, .topic = "orders"});
  messaging::Subscriber in({.from = log, .group = "billing", .topics = {"orders"}});
  in.use(timeout(20s));
  in.add<Billing>(*barrier);
  const Status started = in.start();
  if (!started.ok()) co_return started;

  Scope relaying(nullptr);
  // What is committed becomes an event of the log. A relay that died is followed after the lease.
  relaying.spawn(outbox->relay(orders, {.lease = 1s}));
  const Status taken = co_await take_orders(*db, *outbox, count);
  Result<Bill> bill = taken;
  if (taken.ok()) bill = co_await wait_for(*db, count);
  relaying.cancel(cancelled("all is billed"));
  co_await relaying.join();
  co_await in.shutdown();
  co_return bill;
}

int main(int argc, char* argv[]) {
  const std::string_view given = argc == 3 ? argv[2] : "";
  std::int64_t count = 0;
  if (std::from_chars(given.data(), given.data() + given.size(), count).ec != std::errc()) {
    std::cerr << "usage: orders FOLDER COUNT\n";
    return 2;
  }
  net::LoopThread thread;
  const Result<Bill> bill = net::run_blocking(thread.loop(), run_shop(argv[1], count));
  if (!bill.ok()) {
    std::cerr << bill.status() << '\n';
    return 1;
  }
  std::cout << "billed " << bill->orders << " orders, " << bill->cents << " cents\n";
  return 0;
}
