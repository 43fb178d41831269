#pragma once

#include <memory>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop_local.h"
#include "weft/storage/postgres/connect/internal/conninfo.h"
#include "weft/storage/postgres/database.h"
#include "weft/storage/postgres/internal/pool.h"
#include "weft/storage/sql/driver.h"

namespace weft::postgres {

/// A Pool for each loop that asks.
class PostgresDriver final : public sql::Driver {
 public:
  PostgresDriver(Conninfo info, const Options& options)
      : info_(std::make_shared<const Conninfo>(std::move(info))), options_(options) {}

  Task<Result<sql::Rows>> run(sql::Statement statement) override;
  Task<Result<std::unique_ptr<sql::Session>>> begin(sql::BeginOptions options) override;
  /// Opens a connection, if there is none.
  Task<Status> connect();

 private:
  /// Closes the pool on its loop's thread.
  struct PoolHandle {
    PoolHandle(net::Loop& loop, const std::shared_ptr<const Conninfo>& info, const Options& options)
        : anchor(loop.anchor()), pool(std::make_shared<Pool>(loop, info, options)) {}
    PoolHandle(const PoolHandle&) = delete;
    PoolHandle& operator=(const PoolHandle&) = delete;
    ~PoolHandle();
    std::shared_ptr<net::LoopAnchor> anchor;
    std::shared_ptr<Pool> pool;
  };
  std::shared_ptr<Pool> pool() const;

  const std::shared_ptr<const Conninfo> info_;
  const Options options_;
  net::LoopLocal<PoolHandle> pools_;
};

}  // namespace weft::postgres
