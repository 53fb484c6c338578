package example;

import dev.kmsreencrypt.v1.ReEncryptRequest;
import dev.kmsreencrypt.v1.ReEncryptServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import com.google.protobuf.ByteString;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Re-encrypts the ciphertext in a file through kms-reencrypt-proxy. */
public final class Main {
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 2) {
      System.err.println("usage: example CIPHERTEXT_FILE RESULT_FILE");
      System.exit(64);
    }
    System.exit(reEncrypt(Path.of(arguments[0]), Path.of(arguments[1])));
  }

  private static int reEncrypt(Path source, Path result) throws Exception {
    var request =
        ReEncryptRequest.newBuilder()
            .setCiphertextBlob(ByteString.copyFrom(Files.readAllBytes(source)))
            .setSourceKeyId(setting("SOURCE_KEY_ID", "alias/demo-source"))
            .putSourceEncryptionContext("tenant", setting("SOURCE_TENANT", "acme"))
            .setDestinationKeyId(setting("DESTINATION_KEY_ID", "alias/demo-destination"))
            .putDestinationEncryptionContext("tenant", setting("DESTINATION_TENANT", "acme"))
            .build();
    // The deadline covers the retries too. The proxy itself gives up after 30 s at most.
    var timeout = Long.parseLong(setting("TIMEOUT_MS", "2000"));
    ManagedChannel channel = Connection.open();
    try {
      var stub =
          ReEncryptServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(timeout, TimeUnit.MILLISECONDS);
      var answer = stub.reEncrypt(request);
      if (answer.getCiphertextBlob().isEmpty()) {
        System.err.println("re-encrypt: the answer has no ciphertext");
        return 70;
      }
      Files.write(result, answer.getCiphertextBlob().toByteArray());
      System.out.println(
          printable(
              "released under " + answer.getKeyId() + " decision_id " + answer.getDecisionId()));
      return 0;
    } catch (StatusRuntimeException error) {
      System.err.println("re-encrypt: " + printable(Explanation.of(error)));
      return Explanation.exitCode(error);
    } finally {
      channel.shutdownNow();
    }
  }

  /** Without what a terminal would obey instead of showing. */
  private static String printable(String text) {
    return text.replaceAll("\\p{Cc}", "\uFFFD");
  }

  static String setting(String name, String fallback) {
    var value = System.getenv(name);
    return value == null || value.isEmpty() ? fallback : value;
  }
}
