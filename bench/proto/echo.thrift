namespace cpp perf.thrift_echo

struct Msg {
  1: binary payload
}

// Gives back what it gets, as perf.Echo of echo.proto.
service Echo {
  Msg Unary(1: Msg request)
}
