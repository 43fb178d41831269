#pragma once

#include <string>

#include "tests/fuzz/peer_frames.h"

namespace weft::fuzz {

/// A peer that speaks gRPC, more or less.
class GrpcFrames final : public PeerFrames {
 public:
  using PeerFrames::PeerFrames;

 protected:
  std::string request() override;
  std::string response() override;
  std::string trailers() override;
  std::string odd_field() override;
  std::string body() override;

 private:
  std::string message();
};

}  // namespace weft::fuzz
