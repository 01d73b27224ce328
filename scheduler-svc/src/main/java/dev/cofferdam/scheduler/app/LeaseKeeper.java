package dev.cofferdam.scheduler.app;

import dev.cofferdam.scheduler.leadership.PoolLeases;
import dev.cofferdam.scheduler.leadership.kubernetes.KubernetesLeases;
import dev.cofferdam.scheduler.leadership.kubernetes.LeaseApi;
import dev.cofferdam.scheduler.leadership.redis.RedisLeases;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;

/** Who keeps the leases of pools, by the settings, and the connections to it. */
record LeaseKeeper(PoolLeases leases, Runnable end) implements AutoCloseable {
  /**
   * Connects to nothing yet.
   *
   * @throws IllegalArgumentException where the settings name two keepers, or a life that the keeper
   *     does not know
   */
  static LeaseKeeper of(SchedulerConfig.Lease settings, Vertx vertx) {
    Optional<String> redis = settings.redisUrl();
    Optional<String> namespace = settings.kubernetes().namespace();
    if (redis.isPresent() && namespace.isPresent()) {
      throw new IllegalArgumentException(
          "cofferdam.lease: redis-url and kubernetes.namespace are both set (expected: one)");
    }
    if (redis.isPresent()) {
      Redis client = Redis.createClient(vertx, redis.get());
      return new LeaseKeeper(
          new RedisLeases(client, UUID.randomUUID().toString(), settings.lifeMs()), client::close);
    }
    return namespace
        .map(name -> kubernetes(settings, name, vertx))
        .orElseGet(() -> new LeaseKeeper(PoolLeases.alone(System.currentTimeMillis()), () -> {}));
  }

  private static LeaseKeeper kubernetes(
      SchedulerConfig.Lease settings, String namespace, Vertx vertx) {
    SchedulerConfig.Kubernetes cluster = settings.kubernetes();
    LeaseApi api =
        new LeaseApi(
            vertx,
            new LeaseApi.Server(
                cluster.host(),
                cluster.port(),
                cluster.account(),
                namespace,
                KubernetesLeases.timeoutMs(settings.lifeMs())));
    // The pod's name is for people; what comes after it makes each process another.
    String holder =
        Optional.ofNullable(System.getenv("HOSTNAME")).orElse("scheduler")
            + "_"
            + UUID.randomUUID();
    return new LeaseKeeper(
        new KubernetesLeases(
            api,
            cluster.prefix(),
            holder,
            settings.lifeMs(),
            () -> System.nanoTime() / 1_000_000,
            InstantSource.system()),
        api::close);
  }

  @Override
  public void close() {
    end.run();
  }
}
