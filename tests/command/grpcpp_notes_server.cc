// The service of notes.proto made with grpc++, with its reflection (v1alpha only) and its health
// service, on a port of its choice, which it prints.

#include <iostream>
#include <memory>
#include <string>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include "notes.grpc.pb.h"

namespace {

namespace notes = weft::test::notes;
using notes::Note;

class Notes final : public notes::Notes::Service {
  grpc::Status Echo(grpc::ServerContext* context, const Note* request, Note* reply) override {
    for (const auto& [name, value] : context->client_metadata()) {
      const std::string text(name.data(), name.size());
      if (text.rfind("x-", 0) != 0) continue;
      context->AddTrailingMetadata(text, std::string(value.data(), value.size()));
    }
    *reply = *request;
    return grpc::Status::OK;
  }
  grpc::Status Collect(grpc::ServerContext*, grpc::ServerReader<Note>* reader,
                       notes::Summary* summary) override {
    Note note;
    while (reader->Read(&note)) {
      summary->set_count(summary->count() + 1);
      *summary->mutable_text() += note.text();
    }
    return grpc::Status::OK;
  }
  grpc::Status Repeat(grpc::ServerContext*, const Note* request,
                      grpc::ServerWriter<Note>* writer) override {
    for (int i = 0; i < request->times(); ++i) writer->Write(*request);
    return grpc::Status::OK;
  }
  grpc::Status Chat(grpc::ServerContext*, grpc::ServerReaderWriter<Note, Note>* stream) override {
    Note note;
    while (stream->Read(&note)) stream->Write(note);
    return grpc::Status::OK;
  }
  grpc::Status Fail(grpc::ServerContext*, const notes::Failure* request, Note*) override {
    return {static_cast<grpc::StatusCode>(request->code()), request->message()};
  }
};

}  // namespace

int main() {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  Notes service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << port << std::endl;
  server->Wait();
}
