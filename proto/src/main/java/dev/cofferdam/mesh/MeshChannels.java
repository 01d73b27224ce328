package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.Closeable;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Channels to services of the mesh, one for each endpoint, kept open. The server must prove the
 * expected role by its certificate. Calls are traced; deadlines are the caller's to set.
 */
public final class MeshChannels implements Closeable {
  private final MeshTls tls;
  private final boolean onEventLoop;
  private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();

  public MeshChannels(TlsFiles files) {
    this(files, false);
  }

  /**
   * @param onEventLoop answers are handed to listeners on the event loops, without a change of
   *     threads, which costs more than a short listener; listeners must not block
   */
  public MeshChannels(TlsFiles files, boolean onEventLoop) {
    this.tls = new MeshTls(files);
    this.onEventLoop = onEventLoop;
  }

  /**
   * The channel to an endpoint.
   *
   * @param endpoint host:port
   * @param role what the server must be
   */
  public ManagedChannel to(String endpoint, SpiffeId.Role role) {
    return channels.computeIfAbsent(role + "@" + endpoint, unused -> open(endpoint, role));
  }

  private ManagedChannel open(String endpoint, SpiffeId.Role role) {
    int colon = endpoint.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("endpoint must be host:port: " + endpoint);
    }
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(
            endpoint.substring(0, colon), Integer.parseInt(endpoint.substring(colon + 1)));
    if (onEventLoop) {
      builder.directExecutor();
    }
    return builder
        .sslContext(tls.client(Set.of(role)))
        .intercept(new Tracing.Client())
        .maxInboundMessageSize(16 << 20)
        .keepAliveTime(10, TimeUnit.SECONDS)
        .keepAliveTimeout(3, TimeUnit.SECONDS)
        .keepAliveWithoutCalls(true)
        .disableRetry()
        .build();
  }

  /** Closes the channel to an endpoint that is gone. */
  public void forget(String endpoint, SpiffeId.Role role) {
    ManagedChannel channel = channels.remove(role + "@" + endpoint);
    if (channel != null) {
      channel.shutdown();
    }
  }

  @Override
  public void close() throws IOException {
    channels.values().forEach(ManagedChannel::shutdownNow);
    tls.close();
  }
}
