package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.ingress.rest.RestServer;
import dev.cofferdam.gateway.quota.redis.LoopRedis;
import dev.cofferdam.mesh.MeshServer;
import dev.cofferdam.mesh.ParentWatch;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Life of gateway-svc. */
@ApplicationScoped
public class GatewayApp {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayApp.class);

  private static final long REDIS_SILENCE_MS_MAX = 5_000;

  private final GatewayConfig config;
  private final Redis redis;
  private final Vertx vertx;
  private final GatewayMetrics metrics;
  private final DatabaseStart database;
  private @Nullable Gateway gateway;
  private volatile @Nullable MeshServer server;
  private volatile @Nullable RestServer rest;

  public GatewayApp(
      GatewayConfig config,
      Redis redis,
      RedisSettings settings,
      @ConfigProperty(name = "quarkus.redis.client-type", defaultValue = "standalone")
          String redisKind,
      Vertx vertx,
      GatewayMetrics metrics,
      DatabaseStart database) {
    this.config = config;
    // The others follow their primaries by the connections of their pools.
    this.redis =
        redisKind.equals("standalone")
            ? new LoopRedis(vertx, settings.options(), REDIS_SILENCE_MS_MAX)
            : redis;
    this.vertx = vertx;
    this.metrics = metrics;
    this.database = database;
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    rest = gateway().serveRest();
    MeshServer serving = gateway().serve();
    server = serving;
    gateway().startConsole();
    LOG.info("gateway ready on {}:{}", config.listen().host(), serving.port());
  }

  /** Not ready, then no new calls, then the end once streams have finished. */
  void stop(@Observes ShutdownEvent event) {
    MeshServer serving = server;
    server = null;
    try {
      if (serving != null) {
        serving.drain();
        TimeUnit.MILLISECONDS.sleep(config.drain().delayMs());
        end(serving);
      }
      RestServer edge = rest;
      if (edge != null) {
        edge.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.warn("{}", e.getMessage());
    }
    database.stop();
    synchronized (this) {
      if (gateway != null) {
        gateway.close();
      }
    }
  }

  private void end(MeshServer serving) throws InterruptedException {
    long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(config.drain().msMax());
    RestServer edge = rest;
    if (edge != null) {
      edge.drain(config.drain().msMax());
    }
    serving.stop(config.drain().msMax());
    long leftMs = TimeUnit.NANOSECONDS.toMillis(endNs - System.nanoTime());
    if (edge != null && !edge.awaitIdle(Math.max(0, leftMs))) {
      LOG.warn("streams are cut off after {} ms", config.drain().msMax());
    }
  }

  /** Whether requests can be served. */
  boolean ready() {
    return server != null && gateway().knowsConfiguration();
  }

  private synchronized Gateway gateway() {
    Gateway made = gateway;
    if (made == null) {
      made = new Gateway(config, redis, vertx, metrics, database.open());
      gateway = made;
    }
    return made;
  }
}
