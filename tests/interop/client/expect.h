#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weft/base/result.h"

#include "src/proto/grpc/testing/messages.pb.h"

/// Comparisons whose Status says what was expected and what came.
namespace weft::interop {

/// A payload of so many zeros.
void fill(grpc::testing::Payload& payload, int size);

/// `what` names the thing compared.
Status expect_equal(std::string_view what, long expected, long actual);
Status expect_text(std::string_view what, std::string_view expected, std::string_view actual);
/// That many bytes, all of them zero.
Status expect_zeros(std::string_view what, int size, const grpc::testing::Payload& payload);
/// That a call ended with `code`.
Status expect_code(std::string_view what, StatusCode code, const Status& status);

/// The first of the two that is not OK.
inline Status first_failure(Status first, Status second) {
  return first.ok() ? std::move(second) : std::move(first);
}

}  // namespace weft::interop
