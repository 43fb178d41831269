#include "weft/rpc/server.h"

#include <iostream>
#include <string>

#include "vault.weft.h"

using namespace weft;

class Vault final : public vault::VaultService {
  Task<Result<vault::OpenReply>> Open(ServerContext& context,
                                      const vault::OpenRequest& request) override {
    // Never null here: the server requires a certificate. It has been verified against client_ca.
    const net::CertificateInfo* client = context.identity();
    if (client->spiffe_id() != "spiffe://example.org/reader") {
      co_return permission_denied("'" + client->subject + "' may not open the box");
    }
    vault::OpenReply reply;
    reply.set_content("what is in " + request.name());
    reply.set_opened_by(std::string(client->spiffe_id()));
    co_return reply;
  }
};

int main(int argc, char* argv[]) {
  if (argc != 3) {
    std::cerr << "usage: tls_server ADDRESS DIRECTORY_OF_CERTIFICATES\n";
    return 2;
  }
  const std::string directory = argv[2];
  TlsServerOptions tls;
  tls.certificates.push_back(
      {.certificate = directory + "/server.pem", .key = directory + "/server.key"});
  // Mutual TLS: clients prove who they are, too.
  tls.client_ca = directory + "/ca.pem";
  tls.client_certificate = ClientCertificate::Required;

  Server server{{.listen = argv[1], .tls = tls}};
  server.add<Vault>();
  return run(server);
}
