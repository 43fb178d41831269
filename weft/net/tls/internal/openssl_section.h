#pragma once

namespace weft::net::internal {

/// While one exists, its thread is inside OpenSSL. fork() waits until no other thread is: OpenSSL
/// has locks of its own, for its caches and its randomness, and a child would find them held by
/// threads that it does not have. Not across anything that waits.
class OpenSslSection {
 public:
  OpenSslSection() noexcept;
  OpenSslSection(const OpenSslSection&) = delete;
  OpenSslSection& operator=(const OpenSslSection&) = delete;
  ~OpenSslSection();
};

}  // namespace weft::net::internal
