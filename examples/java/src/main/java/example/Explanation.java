package example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** An error as one sentence and an exit code: sysexits(3), and timeout(1)'s 124. */
final class Explanation {
  private static final int BAD_CERTIFICATE = 76;

  static String of(StatusRuntimeException error) {
    var code = "code=" + error.getStatus().getCode();
    var told = error.getStatus().getDescription();
    return details(error)
        .map(
            info -> {
              var about = info.getMetadataMap();
              return String.format(
                  "%s [%s reason=%s layer=%s side=%s rule=%s decision_id=%s]",
                  told,
                  code,
                  info.getReason(),
                  about.getOrDefault("layer", ""),
                  about.getOrDefault("side", ""),
                  about.getOrDefault("rule", ""),
                  about.getOrDefault("decision_id", ""));
            })
        .orElse(told + " [" + code + "]");
  }

  static int exitCode(StatusRuntimeException error) {
    // No details: the answer is not the proxy's, the call did not get there.
    if (details(error).isEmpty() && causes(error).anyMatch(SSLException.class::isInstance)) {
      return BAD_CERTIFICATE;
    }
    return switch (error.getStatus().getCode()) {
      case INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION -> 65;
      case UNAVAILABLE -> 69;
      case RESOURCE_EXHAUSTED -> 75;
      case PERMISSION_DENIED, UNAUTHENTICATED -> 77;
      case DEADLINE_EXCEEDED -> 124;
      default -> 70;
    };
  }

  private static Stream<Throwable> causes(Throwable error) {
    return Stream.iterate(error, cause -> cause != null, Throwable::getCause);
  }

  private static Optional<ErrorInfo> details(StatusRuntimeException error) {
    try {
      // Throws IllegalArgumentException where they are not what the proxy sends.
      var status = StatusProto.fromThrowable(error);
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) return Optional.of(detail.unpack(ErrorInfo.class));
      }
    } catch (InvalidProtocolBufferException | IllegalArgumentException malformed) {
      return Optional.empty();
    }
    return Optional.empty();
  }

  private Explanation() {}
}
