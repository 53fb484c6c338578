// Re-encrypts the ciphertext in a file through kms-reencrypt-proxy.
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "connection.h"
#include "explain.h"
#include "kms/reencrypt/v1/reencrypt.grpc.pb.h"

namespace v1 = kms::reencrypt::v1;

namespace {

v1::ReEncryptRequest RequestFor(std::string ciphertext) {
  v1::ReEncryptRequest request;
  request.set_ciphertext_blob(std::move(ciphertext));
  request.set_source_key_id(Setting("SOURCE_KEY_ID", "alias/demo-source"));
  request.set_destination_key_id(Setting("DESTINATION_KEY_ID", "alias/demo-destination"));
  (*request.mutable_source_encryption_context())["tenant"] = Setting("SOURCE_TENANT", "acme");
  (*request.mutable_destination_encryption_context())["tenant"] =
      Setting("DESTINATION_TENANT", "acme");
  return request;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: example CIPHERTEXT_FILE RESULT_FILE\n";
    return 64;
  }
  std::ifstream source(argv[1], std::ios::binary);
  if (!source) {
    std::cerr << "re-encrypt: cannot read " << argv[1] << "\n";
    return 66;
  }
  const std::string ciphertext{std::istreambuf_iterator<char>(source), {}};

  auto stub = v1::ReEncryptService::NewStub(Connect());
  grpc::ClientContext context;
  // The deadline covers the retries too. The proxy itself gives up after 30 s at most.
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(std::stoi(Setting("TIMEOUT_MS", "2000"))));
  v1::ReEncryptResponse answer;
  const grpc::Status status = stub->ReEncrypt(&context, RequestFor(ciphertext), &answer);
  if (!status.ok()) {
    std::cerr << "re-encrypt: " << Printable(Explain(status)) << "\n";
    return ExitCode(status);
  }
  if (answer.ciphertext_blob().empty()) {
    std::cerr << "re-encrypt: the answer has no ciphertext\n";
    return 70;
  }
  std::ofstream result(argv[2], std::ios::binary);
  result << answer.ciphertext_blob();
  result.close();
  if (!result) {
    std::cerr << "re-encrypt: cannot write " << argv[2] << "\n";
    return 73;
  }
  std::cout << "released under " << Printable(answer.key_id()) << " decision_id "
            << Printable(answer.decision_id()) << "\n";
  return 0;
}
