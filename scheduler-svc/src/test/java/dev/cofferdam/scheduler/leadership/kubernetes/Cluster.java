package dev.cofferdam.scheduler.leadership.kubernetes;

import dev.cofferdam.mesh.TestPki;
import dev.cofferdam.scheduler.leadership.PoolLeases;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** An API server, and schedulers with accounts and clocks of their own. */
final class Cluster implements AutoCloseable {
  static final long LIFE_MS = 4_000;
  static final String PREFIX = "test-pool-";

  /** Longer than any answer takes that is not to be late. */
  private static final long TIMEOUT_MS = 20_000;

  private final Vertx vertx = Vertx.vertx();
  private final List<Scheduler> schedulers = new ArrayList<>();
  private final Path folder;
  private final TestPki pki;
  final ApiServerDouble server;

  Cluster(Path folder) {
    this.folder = folder;
    this.pki = new TestPki(folder);
    this.server = new ApiServerDouble(pki.identity("server", "spiffe://cluster/api"));
  }

  /** One that asks with a token of its own. */
  static final class Scheduler {
    final String name;
    final String token;
    final Path account;
    final PoolLeases leases;
    private final LeaseApi api;
    private final double rate;
    private double clockMs;
    private Instant wall;

    private Scheduler(Cluster cluster, String name, double rate, Path authority, long timeoutMs) {
      int others = cluster.schedulers.size();
      this.name = name;
      this.token = "token-of-" + name;
      this.account = cluster.account(name, token, authority);
      this.rate = rate;
      // Nobody's clock shows what another's does.
      this.clockMs = others * 77_777.0;
      this.wall = Instant.parse("2030-03-03T03:03:03Z").minusSeconds(3_600L * others);
      this.api =
          new LeaseApi(
              cluster.vertx,
              new LeaseApi.Server(
                  "127.0.0.1",
                  cluster.server.port(),
                  account,
                  ApiServerDouble.NAMESPACE,
                  timeoutMs));
      InstantSource now = () -> wall;
      this.leases =
          new KubernetesLeases(api, PREFIX, name, LIFE_MS, () -> Math.round(clockMs), now);
    }
  }

  /** A scheduler whose clocks go right. */
  Scheduler scheduler(String name) {
    return scheduler(name, 1, pki.trust(), TIMEOUT_MS);
  }

  /** A scheduler whose calls are over soon. */
  Scheduler impatient(String name) {
    return scheduler(name, 1, pki.trust(), 1_500);
  }

  /**
   * Another scheduler.
   *
   * @param rate of its clock: milliseconds in a millisecond
   * @param authority whose servers it trusts
   */
  Scheduler scheduler(String name, double rate, Path authority, long timeoutMs) {
    Scheduler made = new Scheduler(this, name, rate, authority, timeoutMs);
    server.account(made.token);
    schedulers.add(made);
    return made;
  }

  /** The authority that signed the server's certificate. */
  Path authority() {
    return pki.trust();
  }

  /** Time goes by for everybody. */
  void pass(long ms) {
    server.pass(ms);
    for (Scheduler scheduler : schedulers) {
      scheduler.clockMs += ms * scheduler.rate;
      scheduler.wall = scheduler.wall.plusMillis(ms);
    }
  }

  private Path account(String name, String token, Path authority) {
    try {
      Path made = Files.createDirectories(folder.resolve("account-" + name));
      Files.writeString(made.resolve("token"), token + "\n");
      Files.copy(authority, made.resolve("ca.crt"));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    schedulers.forEach(scheduler -> scheduler.api.close());
    server.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
