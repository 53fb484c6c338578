#include "connection.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace {

std::shared_ptr<grpc::ChannelCredentials> Credentials() {
  const char* folder = std::getenv("PROXY_TLS");
  if (folder == nullptr) return grpc::InsecureChannelCredentials();
  const std::string at = folder;
  return grpc::SslCredentials({ReadFile(at + "/ca.pem"), ReadFile(at + "/key.pem"),
                               ReadFile(at + "/cert.pem")});
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect() {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(ReadFile(Setting("SERVICE_CONFIG", "../service-config.json")));
  // Otherwise even calls to loopback would go to what http_proxy names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (std::getenv("PROXY_TLS") != nullptr) {
    arguments.SetSslTargetNameOverride(Setting("PROXY_NAME", "localhost"));
  }
  return grpc::CreateCustomChannel(Setting("PROXY_TARGET", "127.0.0.1:50051"), Credentials(),
                                   arguments);
}

std::string Setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}
