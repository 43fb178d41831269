#include "weft/transaction/saga/tests/internal/test_travel_sagas.h"

#include <chrono>

namespace weft::transaction::test {

using namespace std::chrono_literals;

Task<Result<Booking>> book(Saga& saga, const Trip& trip) {
  auto room = co_await saga.step("room", hotel.Reserve(booking("room of " + trip.who())))
                  .undo(hotel.Cancel(booking("room of " + trip.who())));
  if (!room.ok()) co_return saga.abort(room.status());
  if (trip.pivots()) saga.pivot();
  if (trip.pause_seconds() > 0) {
    co_await saga.sleep_until(sql::Timestamp(1000s) + std::chrono::seconds(trip.pause_seconds()));
  }
  auto seat = co_await saga.step("seat", hotel.Reserve(booking("seat by " + room->id())))
                  .undo(hotel.Cancel(booking("seat")));
  if (!seat.ok()) co_return saga.abort(seat.status());
  co_return *seat;
}

Task<Result<Booking>> book_both(Saga& saga, const Trip&) {
  auto [room, seat] = co_await all(
      saga.step("room", hotel.Reserve(booking("room"))).undo(hotel.Cancel(booking("room"))),
      saga.step("seat", hotel.Reserve(booking("seat"))).undo(hotel.Cancel(booking("seat"))));
  if (!room.ok() || !seat.ok()) co_return saga.abort();
  co_return *room;
}

Task<Result<Booking>> book_either(Saga& saga, const Trip&) {
  for (const char* name : {"first", "second"}) {
    auto room =
        co_await saga.step(name, hotel.Reserve(booking(name))).undo(hotel.Cancel(booking(name)));
    if (room.ok()) co_return *room;
  }
  co_return saga.abort();
}

}  // namespace weft::transaction::test
