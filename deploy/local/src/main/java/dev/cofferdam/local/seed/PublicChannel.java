package dev.cofferdam.local.seed;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import javax.net.ssl.SSLException;

/**
 * A client's channel to the gateway: server authentication, and an API key instead of a
 * certificate.
 */
public final class PublicChannel {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private PublicChannel() {}

  /**
   * Opens a channel; the caller shuts it down.
   *
   * @param endpoint host:port
   * @param trust PEM file of the authority
   * @param apiKey sent with each call
   */
  public static ManagedChannel open(String endpoint, Path trust, String apiKey) {
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + apiKey);
    try {
      return NettyChannelBuilder.forTarget("dns:///" + endpoint)
          .sslContext(GrpcSslContexts.forClient().trustManager(trust.toFile()).build())
          .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
          .build();
    } catch (SSLException e) {
      throw new IllegalStateException("cannot use the authority " + trust, e);
    }
  }
}
