package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.console.ConsolePages;
import dev.cofferdam.gateway.console.grpc.GrpcSources;
import dev.cofferdam.gateway.console.zipkin.ZipkinTraces;
import dev.cofferdam.mesh.Caller;
import dev.cofferdam.mesh.MeshChannels;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.RefusedCalls;
import dev.cofferdam.mesh.web.WebServer;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.SpiffeId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The console's HTTPS server, and its own connections to what it shows. */
final class ConsoleServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConsoleServer.class);

  private final WebServer server;
  private final MeshChannels channels;
  private final Optional<ZipkinTraces> traces;

  private ConsoleServer(WebServer server, MeshChannels channels, Optional<ZipkinTraces> traces) {
    this.server = server;
    this.channels = channels;
    this.traces = traces;
  }

  /**
   * Starts it; empty where the settings have no port for it.
   *
   * @param publisher of the audit facts of refused readers; stays the caller's
   */
  static Optional<ConsoleServer> start(
      GatewayConfig config,
      TlsFiles tls,
      ConfigView<Tenant> tenants,
      FactPublisher publisher,
      InstantSource clock) {
    GatewayConfig.Console wanted = config.console();
    if (wanted.port() == 0) {
      return Optional.empty();
    }
    // Connections of its own: pages wait for answers, which a request's event loop must not.
    MeshChannels channels = new MeshChannels(tls);
    BiConsumer<Caller, String> refused = new RefusedCalls(publisher, clock);
    Optional<ZipkinTraces> traces = wanted.traceStore().map(ZipkinTraces::new);
    ConsolePages pages =
        new ConsolePages(
            new GrpcSources(
                channels, config.router().endpoints(), wanted.metering(), wanted.audit()),
            () -> profiles(tenants),
            refused,
            clock,
            traces.map(Function.identity()),
            wanted.traceUrl().orElse(""));
    WebServer server =
        WebServer.start(
            config.trustDomain(),
            tls,
            Set.of(SpiffeId.Role.TENANT, SpiffeId.Role.OPERATOR),
            wanted.host(),
            wanted.port(),
            pages,
            refused);
    LOG.info("console on https://{}:{}", wanted.host(), server.port());
    return Optional.of(new ConsoleServer(server, channels, traces));
  }

  private static List<TenantProfile> profiles(ConfigView<Tenant> tenants) {
    List<TenantProfile> profiles = new ArrayList<>();
    for (Tenant tenant : tenants.snapshot().values()) {
      try {
        profiles.add(TenantRecords.profile(tenant));
      } catch (IllegalArgumentException e) {
        LOG.warn("the record of a tenant is not understood, and not shown");
      }
    }
    return profiles;
  }

  @Override
  public void close() {
    server.close();
    traces.ifPresent(ZipkinTraces::close);
    try {
      channels.close();
    } catch (IOException e) {
      LOG.warn("cannot close the console's channels: {}", e.getMessage());
    }
  }
}
