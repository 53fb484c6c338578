package example;

import com.google.gson.Gson;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

final class Connection {
  /**
   * PROXY_TARGET is host:port or unix:/path. PROXY_TLS names a folder with ca.pem, cert.pem and
   * key.pem (PKCS #8); without it the connection is in clear, for loopback and Unix sockets.
   */
  static ManagedChannel open() throws IOException {
    var target = Main.setting("PROXY_TARGET", "127.0.0.1:50051");
    var tls = System.getenv("PROXY_TLS");
    var credentials = tls == null ? InsecureChannelCredentials.create() : mutualTls(Path.of(tls));
    var builder = Grpc.newChannelBuilder(target, credentials);
    // Java names the peer after the socket's path, and the proxy's HTTP/2 takes no / in a name.
    if (target.startsWith("unix:")) builder.overrideAuthority("localhost");
    else if (tls != null) builder.overrideAuthority(Main.setting("PROXY_NAME", "localhost"));
    return builder.defaultServiceConfig(serviceConfig()).enableRetry().build();
  }

  private static ChannelCredentials mutualTls(Path folder) throws IOException {
    return TlsChannelCredentials.newBuilder()
        .trustManager(folder.resolve("ca.pem").toFile())
        .keyManager(folder.resolve("cert.pem").toFile(), folder.resolve("key.pem").toFile())
        .build();
  }

  @SuppressWarnings("unchecked") // grpc-java takes the parsed JSON: maps, lists, strings, doubles.
  private static Map<String, ?> serviceConfig() throws IOException {
    var file = Path.of(Main.setting("SERVICE_CONFIG", "../service-config.json"));
    return new Gson().fromJson(Files.readString(file), Map.class);
  }

  private Connection() {}
}
