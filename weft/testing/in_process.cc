#include "weft/testing/in_process.h"

#include <string>

namespace weft::testing {

InProcess::InProcess(Options options)
    : options_(std::move(options)), network_(options_.seed, options_.link) {
  ServerOptions server = options_.server;
  server.listen = ":" + std::to_string(kPort);
  server.loops = {&server_host()};
  server_ = std::make_unique<Server>(std::move(server));
  client_host();  // made here, so that it has a place among the hosts whatever a test does
}

InProcess::~InProcess() {
  channel_.reset();
  server_.reset();
  // What was cancelled ends in turns of the loops.
  network_.run_until_idle(std::chrono::minutes(1));
}

void InProcess::start() {
  if (started_) return;
  const Status status = server_->start();
  if (!status.ok()) throw DidNotHappen("the server did not start: " + status.to_string());
  started_ = true;
}

Channel& InProcess::channel() {
  start();
  if (channel_ == nullptr) {
    channel_ = std::make_unique<Channel>("server:" + std::to_string(kPort), options_.channel);
  }
  return *channel_;
}

}  // namespace weft::testing
