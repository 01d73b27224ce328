package dev.cofferdam.gateway.ingress.grpc;

import dev.cofferdam.gateway.connection.Claim;
import dev.cofferdam.gateway.connection.ClientConnection;
import dev.cofferdam.gateway.connection.Keepalive;
import dev.cofferdam.gateway.connection.TenantConnections;
import dev.cofferdam.mesh.PeerConnection;
import dev.cofferdam.vocabulary.TenantProfile;
import io.grpc.Attributes;
import io.grpc.ServerCall;
import io.grpc.ServerTransportFilter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The connections of the gRPC API: whose they are, and whether their clients are still there. */
public final class GrpcConnections extends ServerTransportFilter {
  private static final Attributes.Key<Connection> CONNECTION =
      Attributes.Key.create("cofferdam-client-connection");

  private final TenantConnections tenants;

  private record Connection(
      PeerConnection peer, ClientConnection client, Keepalive keepalive, AtomicBoolean watched) {}

  public GrpcConnections(TenantConnections tenants) {
    this.tenants = tenants;
  }

  @Override
  public Attributes transportReady(Attributes transport) {
    Connection connection =
        new Connection(
            PeerConnection.of(transport), tenants.open(), new Keepalive(), new AtomicBoolean());
    return transport.toBuilder().set(CONNECTION, connection).build();
  }

  /**
   * @param transport null for a connection that ended before its handshake did
   */
  @Override
  public void transportTerminated(@Nullable Attributes transport) {
    @Nullable Connection connection = transport == null ? null : transport.get(CONNECTION);
    if (connection != null) {
      connection.client().close();
    }
  }

  /** Runs on the connection's event loop, from the first call of a tenant on. */
  private static void look(Connection connection) {
    PeerConnection peer = connection.peer();
    long silenceNs = TimeUnit.SECONDS.toNanos(connection.client().keepaliveSeconds());
    switch (connection.keepalive().step(System.nanoTime(), peer.heardNs(), silenceNs)) {
      case Keepalive.Step.Gone() -> peer.cut();
      case Keepalive.Step.Wait(long ns) -> lookLater(connection, ns);
      case Keepalive.Step.Ask(long ns) -> {
        peer.ping();
        lookLater(connection, ns);
      }
    }
  }

  private static void lookLater(Connection connection, long ns) {
    connection.peer().later(TimeUnit.NANOSECONDS.toMillis(ns) + 1, () -> look(connection));
  }

  /**
   * Whether a tenant may have the connection of its call, which else is told to go away.
   *
   * @throws IllegalStateException where the server's connections are not watched by this class
   */
  static Claim claim(ServerCall<?, ?> call, TenantProfile tenant) {
    @Nullable Connection connection = call.getAttributes().get(CONNECTION);
    if (connection == null) {
      throw new IllegalStateException("the server's connections are not counted");
    }
    Claim claim = connection.client().claim(tenant);
    if (!connection.watched().get()
        && claim instanceof Claim.Held
        && connection.watched().compareAndSet(false, true)) {
      connection.peer().later(0, () -> look(connection));
    }
    return claim;
  }

  /** The connection of a call ends with the calls under way on it. */
  static void goAway(ServerCall<?, ?> call) {
    @Nullable Connection connection = call.getAttributes().get(CONNECTION);
    if (connection != null) {
      connection.peer().goAway();
    }
  }
}
