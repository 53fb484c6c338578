#pragma once
#include <grpcpp/grpcpp.h>

#include <string>

// The error as one sentence: what was refused, by whom, under which rule and decision.
std::string Explain(const grpc::Status& status);

// sysexits(3), and timeout(1)'s 124.
int ExitCode(const grpc::Status& status);

// The text without what a terminal would obey instead of showing.
std::string Printable(const std::string& text);
