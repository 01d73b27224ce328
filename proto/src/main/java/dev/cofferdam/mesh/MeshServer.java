package dev.cofferdam.mesh;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.handler.ssl.ClientAuth;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gRPC server of the mesh: TLS 1.3, callers by SPIFFE-ID, the {@link CallTable}, traces, refusals
 * as statuses, and bounds on what a peer can ask of it. A service with a method that the table does
 * not know does not start.
 */
public final class MeshServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(MeshServer.class);

  private final Server server;
  private final MeshTls tls;
  private final HealthStatusManager health;
  private final Optional<ExecutorService> threads;
  private final AtomicBoolean draining = new AtomicBoolean();

  private MeshServer(
      Server server, MeshTls tls, HealthStatusManager health, Optional<ExecutorService> threads) {
    this.server = server;
    this.tls = tls;
    this.health = health;
    this.threads = threads;
  }

  /** Starts to describe a server. */
  public static Builder builder(String trustDomain, TlsFiles files) {
    return new Builder(trustDomain, files);
  }

  /** The port that it listens on. */
  public int port() {
    return server.getPort();
  }

  /** Says on the health service that it takes no new calls. */
  public void drain() {
    if (draining.compareAndSet(false, true)) {
      health.enterTerminalState();
    }
  }

  /** Refuses new calls, waits for running ones, then ends them. */
  public void stop(long waitMs) {
    drain();
    server.shutdown();
    try {
      if (!server.awaitTermination(waitMs, TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    release();
  }

  @Override
  public void close() {
    server.shutdownNow();
    release();
  }

  private void release() {
    threads.ifPresent(ExecutorService::shutdown);
    try {
      tls.close();
    } catch (IOException e) {
      LOG.warn("cannot stop watching the certificates: {}", e.getMessage());
    }
  }

  /**
   * Describes a server. Defaults: client certificates required, messages of 4 MiB, 1000 streams for
   * each connection. A connection is closed that resets more than 100,000 streams in half a minute,
   * or 200 where client certificates are not required.
   */
  public static final class Builder {
    private static final int RESETS_MAX = 200;

    /**
     * A peer inside the mesh resets what its clients cancel: closing its connection for that would
     * end what all others wait for there.
     */
    private static final int RESETS_INSIDE_MAX = 100_000;

    private static final int RESETS_WINDOW_S = 30;

    private final String trustDomain;
    private final TlsFiles files;
    private final List<BindableService> services = new ArrayList<>();
    private final List<ServerInterceptor> interceptors = new ArrayList<>();
    private String host = "127.0.0.1";
    private int port;
    private boolean clientCertificateOptional;
    private boolean reflection;
    private int messageBytesMax = 4 << 20;
    private int streamsMax = 1_000;
    private long connectionIdleMsMax = Long.MAX_VALUE;
    private BiConsumer<Caller, String> onRefused =
        (caller, method) ->
            LOG.warn("refused {} from {} {}", method, caller.actor(), caller.address());
    private @Nullable EventLoops loops;
    private Predicate<String> isShort = method -> false;
    private @Nullable ServerTransportFilter connectionFilter;

    private Builder(String trustDomain, TlsFiles files) {
      this.trustDomain = trustDomain;
      this.files = files;
    }

    /** Address to listen on; port 0 takes a free one. */
    public Builder listen(String host, int port) {
      this.host = host;
      this.port = port;
      return this;
    }

    /** A service to serve. */
    public Builder service(BindableService service) {
      services.add(service);
      return this;
    }

    /** A further interceptor, run after the mesh's own, in the order of adding. */
    public Builder interceptor(ServerInterceptor interceptor) {
      interceptors.add(interceptor);
      return this;
    }

    /**
     * Takes callers without a certificate too, as {@code ANONYMOUS}. For the gateway's public port.
     */
    public Builder clientCertificateOptional() {
      this.clientCertificateOptional = true;
      return this;
    }

    /** Serves reflection; outside production. */
    public Builder reflection(boolean on) {
      this.reflection = on;
      return this;
    }

    /** Largest message that is read. */
    public Builder messageBytesMax(int bytes) {
      this.messageBytesMax = bytes;
      return this;
    }

    /** Largest number of calls at once on one connection. */
    public Builder streamsMax(int streams) {
      this.streamsMax = streams;
      return this;
    }

    /** Milliseconds after which a connection without calls is told to go away; default: never. */
    public Builder connectionIdleMsMax(long ms) {
      this.connectionIdleMsMax = ms;
      return this;
    }

    /**
     * Told of each connection, whose {@link PeerConnection} it gets; what keeps connections alive
     * is then its own affair. Needs {@link #loops}.
     */
    public Builder connections(ServerTransportFilter filter) {
      this.connectionFilter = filter;
      return this;
    }

    /** Told of each caller that the table refused. */
    public Builder onRefused(BiConsumer<Caller, String> listener) {
      this.onRefused = listener;
      return this;
    }

    /**
     * Serves on these event loops, and runs handlers there that never wait; by default they run on
     * gRPC's threads.
     *
     * @param loops stay the caller's
     * @param isShort whether the handlers of a method, by its full name, never wait; those of
     *     others run on threads of their own
     */
    public Builder loops(EventLoops loops, Predicate<String> isShort) {
      this.loops = loops;
      this.isShort = isShort;
      return this;
    }

    /**
     * Starts it.
     *
     * @throws IllegalStateException for a method that the {@link CallTable} does not know,
     *     unreadable certificates, or a port in use
     */
    public MeshServer start() {
      HealthStatusManager health = new HealthStatusManager();
      List<BindableService> all = new ArrayList<>(services);
      all.add(health.getHealthService());
      if (reflection) {
        all.add(ProtoReflectionServiceV1.newInstance());
      }
      MeshTls tls = new MeshTls(files);
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(new InetSocketAddress(host, port))
              .sslContext(
                  tls.server(clientCertificateOptional ? ClientAuth.OPTIONAL : ClientAuth.REQUIRE))
              .addTransportFilter(new CallerFilter(trustDomain))
              .maxInboundMessageSize(messageBytesMax)
              .maxInboundMetadataSize(16 << 10)
              .maxConcurrentCallsPerConnection(streamsMax)
              .maxConnectionIdle(connectionIdleMsMax, TimeUnit.MILLISECONDS)
              .maxRstFramesPerWindow(
                  clientCertificateOptional ? RESETS_MAX : RESETS_INSIDE_MAX, RESETS_WINDOW_S)
              .handshakeTimeout(5, TimeUnit.SECONDS)
              .permitKeepAliveTime(5, TimeUnit.SECONDS)
              .permitKeepAliveWithoutCalls(true);
      Optional<ExecutorService> others = Optional.ofNullable(loops).map(l -> serveOn(builder, l));
      watchConnections(builder);
      List<ServerInterceptor> chain = new ArrayList<>();
      chain.add(new Tracing.Server());
      chain.add(new CallerInterceptor(onRefused));
      chain.add(new FailureInterceptor());
      chain.addAll(interceptors);
      for (BindableService service : all) {
        ServerServiceDefinition definition = service.bindService();
        check(definition);
        builder.addService(ServerInterceptors.interceptForward(definition, chain));
      }
      Server server = builder.build();
      try {
        server.start();
      } catch (IOException e) {
        throw new IllegalStateException(
            "cannot listen on " + host + ":" + port + ": " + e.getMessage(), e);
      }
      health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
      return new MeshServer(server, tls, health, others);
    }

    private ExecutorService serveOn(NettyServerBuilder builder, EventLoops on) {
      ExecutorService others =
          Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("call-", 0).factory());
      builder
          .bossEventLoopGroup(on.group())
          .workerEventLoopGroup(on.group())
          .channelFactory(on::listener)
          .executor(Runnable::run)
          .callExecutor(
              new ServerCallExecutorSupplier() {
                @Override
                public <Q, A> @Nullable Executor getExecutor(
                    ServerCall<Q, A> call, Metadata headers) {
                  String method = call.getMethodDescriptor().getFullMethodName();
                  return isShort.test(method) ? null : others;
                }
              });
      return others;
    }

    private void watchConnections(NettyServerBuilder builder) {
      if (connectionFilter == null) {
        builder.keepAliveTime(20, TimeUnit.SECONDS).keepAliveTimeout(5, TimeUnit.SECONDS);
        return;
      }
      if (loops == null) {
        throw new IllegalStateException("a server that watches its connections needs event loops");
      }
      new PeerConnections().applyTo(builder, loops);
      builder
          .addTransportFilter(connectionFilter)
          .keepAliveTime(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    }

    private static void check(ServerServiceDefinition definition) {
      for (ServerMethodDefinition<?, ?> method : definition.getMethods()) {
        String name = method.getMethodDescriptor().getFullMethodName();
        if (!CallTable.knows(name)) {
          throw new IllegalStateException(name + " is missing from the table of who may call what");
        }
      }
    }
  }

  /**
   * Reads the caller once for each connection, and ends connections whose certificate has no
   * identity of the mesh.
   */
  private static final class CallerFilter extends ServerTransportFilter {
    private final String trustDomain;

    CallerFilter(String trustDomain) {
      this.trustDomain = trustDomain;
    }

    @Override
    public Attributes transportReady(Attributes transport) {
      Caller caller =
          Caller.of(transport, trustDomain)
              .orElseThrow(
                  () ->
                      Status.UNAUTHENTICATED
                          .withDescription("no identity of this mesh")
                          .asRuntimeException());
      return transport.toBuilder().set(Caller.ATTRIBUTE, caller).build();
    }
  }
}
