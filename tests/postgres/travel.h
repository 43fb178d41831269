#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "weft/coro/all.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"
#include "weft/rpc/server/server_context.h"
#include "weft/storage/postgres/database.h"
#include "weft/transaction/barrier/barrier.h"
#include "weft/transaction/saga/sagas.h"

#include "tests/postgres/point_store.h"
#include "travel.weft.h"

namespace weft::test {

using travel::Booking;
using travel::HotelCalls;
using travel::Trip;

/// Each effect is a row of `ledger`, in one transaction with the barrier's.
class Hotel final : public travel::HotelService {
 public:
  explicit Hotel(transaction::Barrier barrier) : barrier_(std::move(barrier)) {}

  Task<Result<Booking>> Reserve(ServerContext& context, const Booking& request) override {
    return barrier_.once(context, request, reserve);
  }
  Task<Result<Booking>> Cancel(ServerContext& context, const Booking& request) override {
    return barrier_.undo_once(context, request, cancel);
  }

 private:
  static Task<Result<Booking>> reserve(transaction::OnceTransaction& tx, const Booking& request) {
    if (request.id().ends_with(":full")) co_return tx.remember(failed_precondition("full"));
    co_return co_await enter(tx, request, 1);
  }
  static Task<Result<Booking>> cancel(transaction::OnceTransaction& tx, const Booking& request) {
    co_return co_await enter(tx, request, -1);
  }
  static Task<Result<Booking>> enter(transaction::OnceTransaction& tx, const Booking& request,
                                     int change) {
    const Result<sql::Rows> done =
        co_await tx.run("INSERT INTO ledger VALUES ($1, $2)", request.id(), change);
    if (!done.ok()) co_return done.status();
    co_return request;
  }

  transaction::Barrier barrier_;
};

inline Booking booking_of(const std::string& saga, const std::string& what) {
  Booking booking;
  booking.set_id(saga + ":" + what);
  return booking;
}

/// A room, then a seat and a car at the same time; "unlucky" gets no car, "asked" is asked first.
inline Task<Result<Booking>> book_travel(transaction::Saga& saga, const Trip& trip) {
  const Booking room = booking_of(saga.id(), "room");
  const Booking seat = booking_of(saga.id(), "seat");
  const Booking car = booking_of(saga.id(), trip.who() == "unlucky" ? "full" : "car");
  auto first = co_await saga.step("room", HotelCalls::Reserve(room)).undo(HotelCalls::Cancel(room));
  if (!first.ok()) co_return saga.abort(first.status());
  if (trip.who() == "asked") {
    auto answer = co_await saga.ask("approve", "A car?").otherwise("no", std::chrono::hours(1));
    if (!answer.ok() || *answer != "yes") co_return saga.abort();
  }
  auto [second, third] = co_await transaction::all(
      saga.step("seat", HotelCalls::Reserve(seat)).undo(HotelCalls::Cancel(seat)),
      saga.step("car", HotelCalls::Reserve(car)).undo(HotelCalls::Cancel(car)));
  if (!second.ok()) co_return saga.abort(second.status());
  if (!third.ok()) co_return saga.abort(third.status());
  co_return *first;
}

/// A process with the hotel and the sagas, on the loop that it is opened on.
class Travel {
 public:
  static constexpr Duration kLease = std::chrono::seconds(2);

  /// `name` is unique in the process.
  static Task<Result<std::unique_ptr<Travel>>> open(std::string connection, std::string name,
                                                    Point point = {}) {
    postgres::Options options;
    options.connections = 2;
    options.idle_transaction = std::chrono::milliseconds(500);
    Result<postgres::Database> database =
        co_await postgres::open(std::move(connection), std::move(options));
    if (!database.ok()) co_return database.status();
    Result<transaction::Barrier> barrier = co_await transaction::Barrier::open(*database);
    if (!barrier.ok()) co_return barrier.status();
    auto travel = std::make_unique<Travel>(*database, *std::move(barrier), std::move(name), point);
    Status status = travel->server_.start();
    if (status.ok()) status = travel->sagas.add("book", book_travel);
    if (status.ok()) status = co_await travel->sagas.start();
    if (!status.ok()) co_return status;
    travel->store_->arm();
    co_return travel;
  }

  Travel(const sql::Database& database, transaction::Barrier barrier, const std::string& name,
         Point point)
      : store_(std::make_shared<PointStore>(database, point)),
        server_(server_options("inproc:" + name)),
        channel_(std::make_shared<Channel>("inproc:" + name)),
        sagas(saga_options()) {
    server_.add<Hotel>(std::move(barrier));
  }

  Task<Result<Booking>> book(const std::string& id, const std::string& who) {
    Trip trip;
    trip.set_who(who);
    return sagas.run<Booking>("book", id, trip);
  }

 private:
  static ServerOptions server_options(std::string listen) {
    ServerOptions options;
    options.listen = std::move(listen);
    options.loops = {net::Loop::current()};
    return options;
  }
  transaction::SagasOptions saga_options() const {
    transaction::SagasOptions options{sql::Database(store_)};
    options.find = [channel = channel_](std::string_view) { return channel; };
    options.lease = kLease;
    options.poll = std::chrono::milliseconds(50);
    options.first_pause = std::chrono::milliseconds(10);
    options.longest_pause = std::chrono::milliseconds(200);
    return options;
  }

  std::shared_ptr<PointStore> store_;
  Server server_;
  std::shared_ptr<Channel> channel_;

 public:
  transaction::Sagas sagas;  // last: it uses what is above
};

}  // namespace weft::test
