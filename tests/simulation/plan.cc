#include "tests/simulation/plan.h"

#include <iterator>

namespace weft::simulation {
namespace {

using namespace std::chrono_literals;

constexpr StatusCode kHandlerCodes[] = {
    StatusCode::InvalidArgument, StatusCode::NotFound,           StatusCode::Aborted,
    StatusCode::DataLoss,        StatusCode::FailedPrecondition, StatusCode::Unknown};
constexpr Compression kCompressions[] = {Compression::Identity, Compression::Gzip,
                                         Compression::Deflate, Compression::Zstd};

Compression draw_compression(Dice& dice) {
  return dice.one_in(3) ? kCompressions[dice.below(std::size(kCompressions))]
                        : Compression::Identity;
}

void draw_sizes(Dice& dice, CallPlan& plan) {
  const auto count = [&] {
    return static_cast<std::uint32_t>(dice.below(dice.one_in(8) ? 40 : 8));
  };
  const auto size = [&] {
    return static_cast<std::uint32_t>(dice.below(dice.one_in(8) ? 40'000 : 600));
  };
  if (plan.kind == Kind::Up || plan.kind == Kind::Both) plan.requests = count();
  if (plan.kind == Kind::Down) plan.answers = count();
  if (plan.kind == Kind::Both) plan.answers = plan.requests;
  plan.request_size = size();
  plan.answer_size = size();
}

void draw_ends(Dice& dice, CallPlan& plan) {
  plan.handler_pause = dice.one_in(2) ? Duration{} : dice.between(1us, 50ms);
  plan.client_pause = dice.one_in(2) ? Duration{} : dice.between(1us, 50ms);
  if (dice.one_in(2)) plan.timeout = dice.between(1us, 3s);
  if (dice.one_in(6)) plan.cancel_after = dice.between(1us, 1s);
  if (dice.one_in(8)) plan.code = kHandlerCodes[dice.below(std::size(kHandlerCodes))];
  plan.abandon = dice.one_in(10) && (plan.kind == Kind::Down || plan.kind == Kind::Both);
  // Only what ends by its deadline or its caller may hang.
  plan.hang = dice.one_in(10) && (plan.timeout != kForever || plan.cancel_after != kForever);
}

}  // namespace

CallPlan draw_plan(Dice& dice, std::uint64_t call, const std::vector<std::string>& servers,
                   bool always_ready) {
  CallPlan plan;
  plan.call = call;
  plan.kind = static_cast<Kind>(dice.below(4));
  plan.server = servers[dice.below(servers.size())];
  plan.wait_for_ready = always_ready || dice.one_in(2);
  plan.compression = draw_compression(dice);
  plan.answer_compression = draw_compression(dice);
  plan.full_duplex = dice.one_in(2);
  draw_sizes(dice, plan);
  draw_ends(dice, plan);
  while (servers.size() > 1 && dice.one_in(6)) {
    plan.relay = servers[dice.below(servers.size())];
    if (plan.relay != plan.server) break;
    plan.relay.clear();
  }
  return plan;
}

}  // namespace weft::simulation
