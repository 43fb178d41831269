#include "weft/testing/name_server.h"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>

namespace weft::testing {
namespace {

using boost::asio::ip::udp;

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;
constexpr std::uint16_t kTypeSrv = 33;

std::string number(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::string long_number(std::uint32_t value) {
  return number(static_cast<std::uint16_t>(value >> 16)) +
         number(static_cast<std::uint16_t>(value & 0xffff));
}

std::string name_in_labels(std::string_view name) {
  std::string labels;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    labels += static_cast<char>(label.size());
    labels += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return labels + '\0';
}

std::string record(std::string_view name, std::uint16_t type, std::uint32_t ttl,
                   std::string_view data) {
  std::string text(name);
  text += number(type) + number(1) + long_number(ttl);
  text += number(static_cast<std::uint16_t>(data.size()));
  return text.append(data);
}

std::vector<std::string> data_of(const NameServer::Records& records, std::uint16_t type) {
  if (type == kTypeA) return records.v4;
  if (type == kTypeAaaa) return records.v6;
  std::vector<std::string> data;
  if (type != kTypeSrv) return data;
  for (const net::DnsService& service : records.services) {
    data.push_back(number(service.priority) + number(service.weight) + number(service.port) +
                   name_in_labels(service.host));
  }
  return data;
}

struct Question {
  std::string name;
  std::uint16_t type = 0;
  std::size_t end = 0;
};

Question read_question(std::string_view query) {
  Question question;
  std::size_t at = 12;
  while (query[at] != 0) {
    const std::size_t length = static_cast<unsigned char>(query[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += query.substr(at + 1, length);
    at += 1 + length;
  }
  question.type = static_cast<unsigned char>(query[at + 2]);
  question.end = at + 5;
  return question;
}

}  // namespace

NameServer::NameServer(net::AsioLoop& loop)
    : socket_(loop.context(), udp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
  receive();
}

std::string NameServer::answer(std::string_view query, bool over_tcp) {
  ++queries_;
  const Question question = read_question(query);
  // QR, RD, RA; then TC and the response code, of which NXDOMAIN is 3.
  int flags = 0x8180;
  int answers = 0;
  std::string body;
  // The name is that of the question, at offset 12.
  std::string name = number(0xc00c);
  auto found = names.find(question.name);
  if (found == names.end()) {
    flags |= 3;
  } else if (found->second.silent) {
    return {};
  } else if (found->second.truncated && !over_tcp) {
    flags |= 0x0200;
  } else {
    flags |= found->second.response_code;
    if (!found->second.alias_of.empty()) {
      const std::string labels = name_in_labels(found->second.alias_of);
      body += record(name, kTypeCname, found->second.ttl, labels);
      ++answers;
      name = labels;
      found = names.find(found->second.alias_of);
    }
    for (const std::string& data : data_of(found->second, question.type)) {
      body += record(name, question.type, found->second.ttl, data);
      ++answers;
    }
  }
  std::string reply(query.substr(0, 2));
  reply += number(static_cast<std::uint16_t>(flags)) + number(1);
  reply += number(static_cast<std::uint16_t>(answers)) + number(0) + number(0);
  reply += query.substr(12, question.end - 12);
  return reply + body;
}

void NameServer::receive() {
  socket_.async_receive_from(boost::asio::buffer(buffer_), peer_,
                             [this](const boost::system::error_code& error, std::size_t size) {
                               if (error) return;
                               const std::string reply =
                                   answer(std::string_view(buffer_.data(), size), false);
                               if (!reply.empty())
                                 socket_.send_to(boost::asio::buffer(reply), peer_);
                               receive();
                             });
}

}  // namespace weft::testing
