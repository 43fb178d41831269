#pragma once

#include "weft/rpc/call/policy_observer.h"  // IWYU pragma: export
