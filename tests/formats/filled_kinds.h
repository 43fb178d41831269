#pragma once

#include "kinds.pb.h"

namespace weft::test {

/// A message with fields of every kind, as the peers in Python expect it.
formats::Kinds filled_kinds();

}  // namespace weft::test
