#include <utility>

#include "tools/weft/call/call_trace.h"
#include "tools/weft/doctor/examination.h"

namespace weft::cli {
namespace {

std::string listed(const std::vector<net::Address>& addresses) {
  std::string out;
  for (const net::Address& address : addresses) {
    if (!out.empty()) out += ", ";
    out += address.family() == net::Address::Family::Unix ? address.to_string() : address.host();
  }
  return out;
}

bool is_literal(const std::string& host) { return net::Address::ip(host, 0).ok(); }

std::string host_of(const std::string& authority) {
  const Result<net::HostPort> parts = net::HostPort::parse(authority, 443);
  return parts.ok() ? parts->host : authority;
}

/// Whom the calls are for, as a Channel has it.
void settle_names(Examination& examination, const net::Target& target) {
  const ConnectionFlags& flags = examination.flags;
  const std::string endpoint = target.endpoint.substr(0, target.endpoint.find(','));
  examination.authority = !flags.authority.empty()         ? flags.authority
                          : !flags.tls.server_name.empty() ? flags.tls.server_name
                          : target.scheme == "unix"        ? "localhost"
                                                           : endpoint;
  examination.name =
      flags.tls.server_name.empty() ? host_of(examination.authority) : flags.tls.server_name;
}

std::vector<std::string> advice_on_name(const std::string& host) {
  return {"is '" + host + "' spelled right, and known to this machine (getent hosts " + host + ")?",
          "names of a cluster or a company resolve inside of it only: go there, or forward the "
          "port and use its address"};
}

std::vector<std::string> advice_on_connection(const std::string& cause, const net::Address& to) {
  if (to.family() == net::Address::Family::Unix) {
    return {
        "is the server running, is this the path it listens on, and may this user write to "
        "the socket?"};
  }
  if (cause.find("refused") != cause.npos) {
    return {"nothing listens there: is the server running, and is " + std::to_string(to.port()) +
                " its port?",
            "server: one that listens on 127.0.0.1 is reached from its own machine only; "
            "ServerOptions::listen \":" +
                std::to_string(to.port()) + "\" is every interface"};
  }
  if (cause.find("unreachable") != cause.npos || cause.find("no route") != cause.npos) {
    return {"this machine has no way to that network: is the VPN up, is the address right?"};
  }
  return {
      "no machine answers at that address: a firewall or security group that drops packets, or a "
      "wrong address"};
}

/// The status without the address before it, which stands there already.
std::string cause_of(const Status& status, const net::Address& address, Duration limit) {
  if (status.code() == StatusCode::DeadlineExceeded) {
    return "no answer within " + weft::to_string(limit);
  }
  std::string_view message = status.message();
  const std::string prefix = address.to_string() + ": ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  return std::string(message);
}

Task<bool> connect_one(Examination& examination, const net::Address& address) {
  net::Loop& loop = *net::Loop::current();
  const TimePoint begun = loop.now();
  Result<std::unique_ptr<net::Stream>> stream =
      co_await within(examination.limit, loop.connect(address));
  Finding finding;
  finding.step = Step::Connect;
  finding.time = loop.now() - begun;
  finding.json.add("address", address.to_string());
  if (stream.ok()) {
    finding.text = address.to_string() + " takes connections";
    if (!examination.stream) {
      examination.stream = std::move(*stream);
      examination.address = address;
    }
  } else {
    const std::string cause = cause_of(stream.status(), address, examination.limit);
    finding.outcome = Outcome::Failed;
    finding.text = address.to_string() + ": " + cause;
    finding.advice = advice_on_connection(cause, address);
  }
  // Clients go on to the next address.
  const bool last = address == examination.addresses.back();
  if (finding.outcome == Outcome::Failed && (examination.stream || !last)) {
    finding.outcome = Outcome::Warning;
  }
  const bool connected = stream.ok();
  examination.add(finding);
  co_return connected;
}

}  // namespace

Task<bool> find_addresses(Examination& examination) {
  const Result<net::Target> target = net::Target::parse(examination.flags.target);
  settle_names(examination, *target);
  Finding finding;
  finding.step = Step::Name;
  if (target->scheme != "dns") {
    examination.addresses = *target->literals();
    finding.text = listed(examination.addresses) + ", as given";
    examination.add(finding);
    co_return true;
  }
  const Result<net::HostPort> parts = net::HostPort::parse(target->endpoint);
  net::Loop& loop = *net::Loop::current();
  const TimePoint begun = loop.now();
  Result<std::vector<net::Address>> found =
      co_await within(examination.limit, loop.resolve(parts->host, parts->port));
  finding.time = loop.now() - begun;
  if (found.ok()) {
    examination.addresses = std::move(*found);
    const bool literal = is_literal(parts->host);
    finding.text =
        literal ? parts->host + ", as given" : parts->host + " is " + listed(examination.addresses);
    if (literal) finding.time.reset();
  } else {
    finding.outcome = Outcome::Failed;
    finding.text = found.status().code() == StatusCode::DeadlineExceeded
                       ? "name '" + parts->host + "' cannot be resolved: no answer within " +
                             weft::to_string(examination.limit)
                       : std::string(found.status().message());
    finding.advice = advice_on_name(parts->host);
  }
  std::vector<std::string> texts;
  for (const net::Address& address : examination.addresses) texts.push_back(address.to_string());
  finding.json.add("addresses", texts);
  examination.add(finding);
  co_return found.ok();
}

Task<bool> connect_to_addresses(Examination& examination) {
  bool connected = false;
  for (const net::Address& address : examination.addresses) {
    const bool one = co_await connect_one(examination, address);
    connected = connected || one;
  }
  co_return connected;
}

}  // namespace weft::cli
