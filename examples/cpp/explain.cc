#include "explain.h"

#include <optional>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace {

std::optional<google::rpc::ErrorInfo> Details(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const auto& any : details.details()) {
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&info)) return info;
  }
  return std::nullopt;
}

std::string About(const google::rpc::ErrorInfo& info, const char* name) {
  const auto found = info.metadata().find(name);
  return found == info.metadata().end() ? "" : found->second;
}

bool MentionsHandshake(const std::string& message) {
  return message.find("andshake") != std::string::npos ||
         message.find("CERTIFICATE") != std::string::npos;
}

}  // namespace

std::string Explain(const grpc::Status& status) {
  const auto info = Details(status);
  const std::string code = "code=" + std::to_string(status.error_code());
  if (!info) return status.error_message() + " [" + code + "]";
  return status.error_message() + " [" + code + " reason=" + info->reason() +
         " layer=" + About(*info, "layer") + " side=" + About(*info, "side") +
         " rule=" + About(*info, "rule") + " decision_id=" + About(*info, "decision_id") + "]";
}

int ExitCode(const grpc::Status& status) {
  // No details: the answer is not the proxy's, the call did not get there.
  if (!Details(status) && MentionsHandshake(status.error_message())) return 76;
  switch (status.error_code()) {
    case grpc::INVALID_ARGUMENT:
    case grpc::NOT_FOUND:
    case grpc::FAILED_PRECONDITION:
      return 65;
    case grpc::UNAVAILABLE:
      return 69;
    case grpc::RESOURCE_EXHAUSTED:
      return 75;
    case grpc::PERMISSION_DENIED:
    case grpc::UNAUTHENTICATED:
      return 77;
    case grpc::DEADLINE_EXCEEDED:
      return 124;
    default:
      return 70;
  }
}

std::string Printable(const std::string& text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
    // In UTF-8 the control characters from U+0080 to U+009F have two bytes.
    const bool wide = byte == 0xc2 && next >= 0x80 && next < 0xa0;
    shown += wide || byte < 0x20 || byte == 0x7f ? '?' : text[at];
    if (wide) ++at;
  }
  return shown;
}
