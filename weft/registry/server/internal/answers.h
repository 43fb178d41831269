#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weft/registry/internal/registry_wire.h"
#include "weft/registry/server/internal/registrar.h"
#include "weft/registry/server/internal/wire_text.h"
#include "weft/rpc/call/message/message_stream.h"

namespace weft::registry {

// A part of a long answer: much enough to be worth a message, and little enough to be made in vain
// for each of a thousand watches whose windows turn out to be closed.
inline constexpr std::size_t kPartSize = std::size_t{16} << 10;

inline std::uint32_t milliseconds_of(Duration duration) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// One watch: what it has told, and what comes next. Its messages are made when they can be sent,
/// from the catalog as it is then, so that whoever does not read makes the registry hold nothing.
class WatchAnswer {
 public:
  /// Room for it was taken (Registrar::take_watch()).
  WatchAnswer(std::shared_ptr<Registrar> registrar, const v1::WatchRequest& request,
              std::string client);
  /// Until the call or the registry ends.
  Task<Status> run(MessageWriter& writer);

 private:
  /// Where the message that was made last leads to once it is told.
  struct Made {
    std::uint64_t revision = 0;
    std::optional<Catalog::Place> place{};
    bool more = false;
  };

  bool has_something_to_tell() const;
  WireText make();
  WireText make_snapshot();
  WireText make_changes();
  WireText response() const;
  void made_is_told();

  std::shared_ptr<Registrar> registrar_;
  Watcher watcher_;
  std::uint64_t told_;
  // Where a snapshot is due, why; and how far it has come.
  std::optional<v1::WatchResponse::Reason> reason_;
  std::optional<Catalog::Place> place_;
  Made made_;
  // A watch that resumes begins with one, as a sign that it is there.
  TimePoint heartbeat_at_{};
};

/// One list, told in parts, which are made as those of a watch are.
class ListAnswer {
 public:
  /// Both outlive it.
  ListAnswer(Registrar& registrar, const std::string& service);
  Task<Status> run(MessageWriter& writer);

 private:
  WireText make();

  Registrar& registrar_;
  const std::string& service_;
  const std::uint64_t revision_;
  Catalog::Place place_;
  Catalog::Place next_;
  bool more_ = false;
};

}  // namespace weft::registry
