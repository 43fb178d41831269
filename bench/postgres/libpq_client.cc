#include "bench/postgres/libpq_client.h"

#include <cstdlib>
#include <stdexcept>

#include <libpq-fe.h>
#include <poll.h>

namespace weft::bench {
namespace {

void check(bool works, pg_conn* connection) {
  if (!works) throw std::runtime_error(PQerrorMessage(connection));
}

}  // namespace

LibpqClient::LibpqClient(const std::string& connection_string)
    : connection_(PQconnectdb(connection_string.c_str())) {
  check(PQstatus(connection_) == CONNECTION_OK, connection_);
}

LibpqClient::~LibpqClient() { PQfinish(connection_); }

void LibpqClient::prepare(const char* name, const char* text) {
  PGresult* const result = PQprepare(connection_, name, text, 0, nullptr);
  check(PQresultStatus(result) == PGRES_COMMAND_OK, connection_);
  PQclear(result);
}

void LibpqClient::wait() const {
  pollfd socket{PQsocket(connection_), POLLIN, 0};
  if (PQflush(connection_) == 1) socket.events |= POLLOUT;
  ::poll(&socket, 1, -1);
  check(PQconsumeInput(connection_) == 1, connection_);
}

std::size_t LibpqClient::run(const char* name, const char* parameter, std::size_t count,
                             std::size_t depth) {
  check(PQsetnonblocking(connection_, 1) == 0 && PQenterPipelineMode(connection_) == 1,
        connection_);
  std::size_t sum = 0;
  std::size_t sent = 0;
  for (std::size_t done = 0; done < count;) {
    for (; sent < count && sent - done < depth; ++sent) {
      check(PQsendQueryPrepared(connection_, name, parameter == nullptr ? 0 : 1, &parameter,
                                nullptr, nullptr, 0) == 1 &&
                PQpipelineSync(connection_) == 1,
            connection_);
    }
    while (PQisBusy(connection_) == 0 && done < sent) {
      PGresult* const result = PQgetResult(connection_);
      const ExecStatusType status = PQresultStatus(result);
      if (status == PGRES_TUPLES_OK) sum += std::strtoul(PQgetvalue(result, 0, 0), nullptr, 10);
      if (status == PGRES_PIPELINE_SYNC) ++done;
      if (result != nullptr) check(status != PGRES_FATAL_ERROR, connection_);
      PQclear(result);
    }
    if (done < sent) wait();
  }
  check(PQexitPipelineMode(connection_) == 1 && PQsetnonblocking(connection_, 0) == 0, connection_);
  return sum;
}

}  // namespace weft::bench
