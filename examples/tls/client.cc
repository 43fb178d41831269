#include <iostream>
#include <string>

#include "weft/rpc/channel.h"

#include "vault.weft.h"

int main(int argc, char* argv[]) {
  if (argc < 3) {
    std::cerr << "usage: tls_client ADDRESS DIRECTORY_OF_CERTIFICATES [WHO]\n";
    return 2;
  }
  const std::string directory = argv[2];
  weft::TlsClientOptions tls;
  tls.ca = directory + "/ca.pem";
  if (argc > 3) {
    const std::string who = argv[3];
    tls.certificate = directory + "/" + who + ".pem";
    tls.key = directory + "/" + who + ".key";
  }
  weft::Channel channel(argv[1], {.tls = tls});
  vault::VaultBlockingClient client(channel);

  vault::OpenRequest request;
  request.set_name("the box");
  auto reply = client.Open(request, {.timeout = std::chrono::seconds(5)});
  if (!reply.ok()) {
    std::cerr << reply.status().to_string() << '\n';
    return 1;
  }
  std::cout << reply->opened_by() << " has " << reply->content() << '\n';
  return 0;
}
