#pragma once

#include "weft/transaction/saga/saga.h"
#include "weft/transaction/saga/tests/internal/test_travel_world.h"

namespace weft::transaction::test {

inline const HotelCalls hotel;

/// A room, then a seat.
Task<Result<Booking>> book(Saga& saga, const Trip& trip);
/// Both at the same time.
Task<Result<Booking>> book_both(Saga& saga, const Trip& trip);
/// Takes another room where the first is not to be had.
Task<Result<Booking>> book_either(Saga& saga, const Trip& trip);

}  // namespace weft::transaction::test
