#pragma once
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

// Connects to PROXY_TARGET: host:port or unix:/path. PROXY_TLS names a folder with ca.pem,
// cert.pem and key.pem; without it the connection is in clear, for loopback and Unix sockets.
std::shared_ptr<grpc::Channel> Connect();

std::string Setting(const char* name, const char* fallback);

std::string ReadFile(const std::string& path);
