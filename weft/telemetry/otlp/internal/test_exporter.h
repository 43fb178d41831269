#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/telemetry/otlp/internal/fake_collector.h"
#include "weft/telemetry/otlp/internal/sender.h"
#include "weft/telemetry/trace/span_setters.h"
#include "weft/testing/in_process.h"

namespace weft::telemetry::test {

enum class By : std::uint8_t { Http, Grpc };

/// An exporter of what `source` holds, to a fake collector, in virtual time.
template <class Exporter, class Source>
class ExporterTest : public ::testing::TestWithParam<By> {
 protected:
  template <class... Args>
  explicit ExporterTest(OtlpSignal exported, const std::string& path, Args&&... arguments)
      : source(std::forward<Args>(arguments)...), signal(exported) {
    FakeCollector::add_to(world.server(), collector);
    options.endpoint = "http://server:50051" + path;
  }
  ~ExporterTest() override {
    context.cancel(cancelled("the test ends"));
    world.run_for(std::chrono::seconds(1));
    world.client_host().enter([this] {
      running = Task<>();  // with {}, clang 16 does not destroy what was there
      exporter.reset();
    });
  }
  void start() {
    world.start();
    net::SimLoop& loop = world.client_host();
    loop.enter([&] {
      exporter = std::make_unique<Exporter>(
          source, loop, options, std::vector<Attribute>{attribute("service.name", "shop")},
          this->GetParam() == By::Http ? internal::http_sender(options, signal)
                                       : internal::grpc_sender(options, signal, world.channel()));
      running = exporter->run();
      running.start(&context,
                    {.function = [](void* flag) noexcept { *static_cast<bool*>(flag) = true; },
                     .argument = &ended});
    });
  }
  void stop() {
    world.client_host().enter([&] { exporter->stop(); });
  }

  testing::InProcess world;
  std::shared_ptr<FakeCollector> collector = std::make_shared<FakeCollector>();
  Source source;
  const OtlpSignal signal;
  OtlpOptions options;
  Context context;
  std::unique_ptr<Exporter> exporter;
  Task<> running;
  bool ended = false;
};

/// For INSTANTIATE_TEST_SUITE_P.
inline std::string name_of(const ::testing::TestParamInfo<By>& info) {
  return info.param == By::Http ? "Http" : "Grpc";
}

}  // namespace weft::telemetry::test
