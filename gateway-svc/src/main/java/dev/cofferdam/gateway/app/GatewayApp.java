package dev.cofferdam.gateway.app;

import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.redis.client.Redis;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Life of gateway-svc. */
@ApplicationScoped
public class GatewayApp {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayApp.class);
  private static final long STOP_MS = 2_000;

  private final GatewayConfig config;
  private final Redis redis;
  private final Vertx vertx;
  private final GatewayMetrics metrics;
  private @Nullable Gateway gateway;
  private volatile @Nullable MeshServer server;

  public GatewayApp(GatewayConfig config, Redis redis, Vertx vertx, GatewayMetrics metrics) {
    this.config = config;
    this.redis = redis;
    this.vertx = vertx;
    this.metrics = metrics;
  }

  void routes(@Observes Router router) {
    gateway().mount(router);
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    MeshServer serving = gateway().serve();
    server = serving;
    LOG.info("gateway ready on {}:{}", config.listen().host(), serving.port());
  }

  void stop(@Observes ShutdownEvent event) {
    MeshServer serving = server;
    server = null;
    if (serving != null) {
      serving.stop(STOP_MS);
    }
    synchronized (this) {
      if (gateway != null) {
        gateway.close();
      }
    }
  }

  /** Whether requests can be served. */
  boolean ready() {
    return server != null && gateway().knowsConfiguration();
  }

  private synchronized Gateway gateway() {
    Gateway made = gateway;
    if (made == null) {
      made = new Gateway(config, redis, vertx, metrics);
      gateway = made;
    }
    return made;
  }
}
