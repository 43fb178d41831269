@0xb1d4c07a5f2e9c31;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("perf::capnp_echo");

struct Msg {
  payload @0 :Data;
}

# Gives back what it gets, as perf.Echo of echo.proto.
interface Echo {
  unary @0 (request :Msg) -> (response :Msg);
}
