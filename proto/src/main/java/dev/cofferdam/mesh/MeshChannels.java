package dev.cofferdam.mesh;

import dev.cofferdam.vocabulary.SpiffeId;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoop;
import java.io.Closeable;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Channels to services of the mesh, one for each endpoint (and event loop), kept open. The server
 * must prove the expected role by its certificate. Calls are traced; deadlines are the caller's to
 * set.
 */
public final class MeshChannels implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(MeshChannels.class);

  /** Peers that others stand in for: one that hangs is not waited for. */
  private static final Set<SpiffeId.Role> REPLACEABLE =
      Set.of(SpiffeId.Role.SCHEDULER, SpiffeId.Role.ROUTER);

  private final MeshTls tls;
  private final @Nullable EventLoops loops;
  private final Map<Key, ManagedChannel> channels = new ConcurrentHashMap<>();
  private final ScheduledExecutorService pulses =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().daemon().name("peer-pulse").unstarted(task));

  /** A peer, seen from an event loop, or from none. */
  private record Key(SpiffeId.Role role, String endpoint, @Nullable EventLoop loop) {}

  /** Answers come on gRPC's own threads. */
  public MeshChannels(TlsFiles files) {
    this.tls = new MeshTls(files);
    this.loops = null;
  }

  /**
   * Calls go over a connection of the event loop that makes them, and answers come there: a change
   * of threads costs more than a short listener. Listeners must not wait.
   *
   * @param loops stay the caller's
   */
  public MeshChannels(TlsFiles files, EventLoops loops) {
    this.tls = new MeshTls(files);
    this.loops = loops;
  }

  /**
   * The channel to an endpoint.
   *
   * @param endpoint host:port
   * @param role what the server must be
   */
  public ManagedChannel to(String endpoint, SpiffeId.Role role) {
    Key key = new Key(role, endpoint, loops == null ? null : loops.current());
    ManagedChannel open = channels.get(key);
    return open != null ? open : channels.computeIfAbsent(key, this::open);
  }

  private ManagedChannel open(Key key) {
    String endpoint = key.endpoint();
    int colon = endpoint.lastIndexOf(':');
    if (colon <= 0) {
      throw new IllegalArgumentException("endpoint must be host:port: " + endpoint);
    }
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(
            endpoint.substring(0, colon), Integer.parseInt(endpoint.substring(colon + 1)));
    EventLoop loop = key.loop();
    if (loop != null && loops != null) {
      builder.directExecutor().eventLoopGroup(loop).channelFactory(loops::socket);
    }
    ManagedChannel channel =
        builder
            .sslContext(tls.client(Set.of(key.role())))
            .intercept(new Tracing.Client())
            .maxInboundMessageSize(16 << 20)
            .keepAliveTime(10, TimeUnit.SECONDS)
            .keepAliveTimeout(3, TimeUnit.SECONDS)
            .keepAliveWithoutCalls(true)
            .disableRetry()
            .build();
    if (REPLACEABLE.contains(key.role())) {
      // Between two turns on the loop it has read its connections, however busy it is.
      Pulse.watch(channel, loop == null ? pulses : loop, () -> giveUp(key, channel));
    }
    return channel;
  }

  /** Ends all calls; the next one is made over another connection. */
  private void giveUp(Key key, ManagedChannel channel) {
    String role = key.role().name().toLowerCase(Locale.ROOT);
    LOG.warn("the {} at {} does not answer; its calls are ended", role, key.endpoint());
    channels.remove(key, channel);
    channel.shutdownNow();
  }

  /** Closes the channels to an endpoint that is gone. */
  public void forget(String endpoint, SpiffeId.Role role) {
    channels.forEach(
        (key, channel) -> {
          if (key.endpoint().equals(endpoint)
              && key.role() == role
              && channels.remove(key, channel)) {
            channel.shutdown();
          }
        });
  }

  @Override
  public void close() throws IOException {
    pulses.shutdownNow();
    channels.values().forEach(ManagedChannel::shutdownNow);
    tls.close();
  }
}
