package example;

import com.google.gson.Gson;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
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
    NettyChannelBuilder builder;
    if (target.startsWith("unix:")) {
      builder =
          NettyChannelBuilder.forAddress(new DomainSocketAddress(target.substring(5)))
              .eventLoopGroup(new EpollEventLoopGroup(1))
              .channelType(EpollDomainSocketChannel.class)
              .overrideAuthority("localhost")
              .usePlaintext();
    } else {
      builder = NettyChannelBuilder.forTarget(target);
      if (tls == null) builder.usePlaintext();
      else builder.sslContext(mutualTls(Path.of(tls))).overrideAuthority(name());
    }
    return builder.defaultServiceConfig(serviceConfig()).enableRetry().build();
  }

  private static SslContext mutualTls(Path folder) throws IOException {
    return GrpcSslContexts.forClient()
        .trustManager(folder.resolve("ca.pem").toFile())
        .keyManager(folder.resolve("cert.pem").toFile(), folder.resolve("key.pem").toFile())
        .build();
  }

  private static String name() {
    return Main.setting("PROXY_NAME", "localhost");
  }

  @SuppressWarnings("unchecked") // grpc-java takes the parsed JSON: maps, lists, strings, doubles.
  private static Map<String, ?> serviceConfig() throws IOException {
    var file = Path.of(Main.setting("SERVICE_CONFIG", "../service-config.json"));
    return new Gson().fromJson(Files.readString(file), Map.class);
  }

  private Connection() {}
}
