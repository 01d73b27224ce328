package dev.cofferdam.gateway.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.batch.postgres.PostgresBatchStore;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantId;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Gateways that share a database. */
@Timeout(60)
class BatchRunnerTest {
  private static final TenantId ACME = new TenantId("acme");

  private static final BatchSettings SETTINGS =
      new BatchSettings(
          1_000,
          100,
          100,
          10_000,
          9,
          3,
          2,
          Duration.ofHours(24),
          Duration.ofDays(1),
          Duration.ofMillis(20),
          Duration.ofMillis(600));

  private final BatchStore store =
      new PostgresBatchStore(ServingDatabase.emptied().open(), new byte[32]);
  private final AtomicLong aheadMs = new AtomicLong();
  private final List<BatchRunner> runners = new ArrayList<>();

  @AfterEach
  void stop() {
    runners.forEach(BatchRunner::close);
  }

  /** A gateway's way to run lines: remembers which it ran. */
  private static final class Lines implements BatchLines {
    final List<String> ran = new CopyOnWriteArrayList<>();
    final List<String> ranAgain = new CopyOnWriteArrayList<>();
    final Set<String> cancelled = ConcurrentHashMap.newKeySet();
    volatile boolean ready = true;
    volatile boolean revoked;

    /** Tenants none of whose lines can be run today. */
    final Set<TenantId> broke = ConcurrentHashMap.newKeySet();

    private final Function<String, CompletableFuture<Outcome>> outcomes;

    Lines(Function<String, CompletableFuture<Outcome>> outcomes) {
      this.outcomes = outcomes;
    }

    @Override
    public boolean ready() {
      return ready;
    }

    @Override
    public boolean mayRun(Batch batch) {
      return !revoked;
    }

    @Override
    public int atOnceMax(Batch batch) {
      return 3;
    }

    @Override
    public Running run(Batch batch, String line, boolean again) {
      ran.add(line);
      if (again) {
        ranAgain.add(line);
      }
      CompletableFuture<Outcome> outcome =
          broke.contains(batch.tenant())
              ? CompletableFuture.completedFuture(new Outcome.Later(Duration.ofHours(1)))
              : outcomes.apply(line);
      return new Running() {
        @Override
        public CompletableFuture<Outcome> outcome() {
          return outcome;
        }

        @Override
        public void cancel() {
          cancelled.add(line);
          outcome.cancel(false);
        }
      };
    }

    @Override
    public String given(Batch batch, String line, String code) {
      return code + " " + line;
    }
  }

  private static CompletableFuture<BatchLines.Outcome> answered(String line) {
    return CompletableFuture.completedFuture(new BatchLines.Outcome.Done(true, "done " + line));
  }

  private static CompletableFuture<BatchLines.Outcome> never() {
    return new CompletableFuture<>();
  }

  private BatchRunner runner(BatchStore over, Lines lines, String owner) {
    InstantSource clock = () -> Instant.ofEpochMilli(System.currentTimeMillis() + aheadMs.get());
    BatchRunner runner = new BatchRunner(over, lines, SETTINGS, clock, owner);
    runners.add(runner);
    runner.start();
    return runner;
  }

  private Batch awaitEnd(Batch batch) throws InterruptedException {
    Batch now = store.batch(ACME, batch.id()).orElseThrow();
    while (!now.status().ended()) {
      Thread.sleep(10);
      now = store.batch(ACME, batch.id()).orElseThrow();
    }
    return now;
  }

  private void awaitWritten(Batch batch, int lines) throws InterruptedException {
    while (store.written(batch).cardinality() < lines) {
      Thread.sleep(10);
    }
  }

  private List<String> texts(String file) {
    return store.parts(ACME, file, -1, 100).stream().map(part -> part.text().strip()).toList();
  }

  @Test
  void everyLineIsRunOnceByOneOfSeveralGateways() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 40);
    Lines first = new Lines(BatchRunnerTest::answered);
    Lines second = new Lines(BatchRunnerTest::answered);
    runner(store, first, "a");
    runner(store, second, "b");

    Batch ended = awaitEnd(batch);
    assertThat(ended.status()).isEqualTo(BatchStatus.COMPLETED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(40, 40, 0));
    assertThat(first.ran.isEmpty() || second.ran.isEmpty()).isTrue();
    assertThat(first.ran.size() + second.ran.size()).isEqualTo(40);
    assertThat(texts(batch.outputFile())).hasSize(40).startsWith("done 0", "done 1", "done 2");
  }

  @Test
  void whatADeadGatewayFinishedIsNotRunAgain() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 12);
    AtomicBoolean dead = new AtomicBoolean();
    Lines dying = new Lines(line -> Integer.parseInt(line) < 5 ? answered(line) : never());
    runner(mortal(dead), dying, "a");
    awaitWritten(batch, 5);
    dead.set(true);

    Lines heir = new Lines(BatchRunnerTest::answered);
    runner(store, heir, "b");
    Batch ended = awaitEnd(batch);

    assertThat(ended.counts()).isEqualTo(new Batch.Counts(12, 12, 0));
    assertThat(heir.ran).containsExactlyInAnyOrder("5", "6", "7", "8", "9", "10", "11");
    assertThat(texts(batch.outputFile())).hasSize(12);
  }

  /** The store as a gateway sees it that is cut off once it is dead. */
  private BatchStore mortal(AtomicBoolean dead) {
    return (BatchStore)
        Proxy.newProxyInstance(
            BatchStore.class.getClassLoader(),
            new Class<?>[] {BatchStore.class},
            (proxy, method, arguments) -> {
              if (dead.get()) {
                throw Refusal.of(ErrorCode.DEPENDENCY_UNAVAILABLE, "cut off").asException();
              }
              try {
                return method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void aGatewayThatEndsGivesItsJobBack() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 4);
    Lines leaving = new Lines(line -> line.equals("0") ? answered(line) : never());
    BatchRunner runner = runner(store, leaving, "a");
    awaitWritten(batch, 1);
    while (leaving.ran.size() < 4) {
      Thread.sleep(5);
    }
    runner.close();

    assertThat(leaving.cancelled).containsExactlyInAnyOrder("1", "2", "3");
    assertThat(store.due(9)).containsExactly(new BatchStore.Due(ACME, batch.id()));
  }

  @Test
  void aLineThatCannotBeRunNowWaitsAndIsRunLater() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 3);
    AtomicInteger tries = new AtomicInteger();
    Lines limited =
        new Lines(
            line ->
                tries.incrementAndGet() <= 2
                    ? CompletableFuture.completedFuture(
                        new BatchLines.Outcome.Later(Duration.ofMillis(10)))
                    : answered(line));
    runner(store, limited, "a");

    assertThat(awaitEnd(batch).counts()).isEqualTo(new Batch.Counts(3, 3, 0));
    assertThat(limited.ran).hasSize(5);
    assertThat(limited.ranAgain).hasSize(2);
  }

  @Test
  void aJobEndsWithTheKeyThatAskedForItAndSaysWhatItHasNot() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 6);
    Lines slow = new Lines(line -> Integer.parseInt(line) < 2 ? answered(line) : never());
    runner(store, slow, "a");
    awaitWritten(batch, 2);
    slow.revoked = true;

    Batch ended = awaitEnd(batch);
    assertThat(ended.status()).isEqualTo(BatchStatus.REVOKED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(6, 2, 4));
    assertThat(slow.cancelled).isNotEmpty();
    assertThat(texts(batch.errorFile())).hasSize(4).startsWith("batch_revoked 2");
  }

  @Test
  void aJobWhoseKeyIsGoneBeforeItsTurnRunsNoLine() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 2);
    Lines lines = new Lines(BatchRunnerTest::answered);
    lines.revoked = true;
    runner(store, lines, "a");

    assertThat(awaitEnd(batch).counts()).isEqualTo(new Batch.Counts(2, 0, 2));
    assertThat(lines.ran).isEmpty();
  }

  @Test
  void noJobIsTakenBeforeTenantsAndKeysAreKnown() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 2);
    Lines ignorant = new Lines(BatchRunnerTest::answered);
    ignorant.ready = false;
    runner(store, ignorant, "a");
    runner(store, new Lines(BatchRunnerTest::answered), "b");

    assertThat(awaitEnd(batch).status()).isEqualTo(BatchStatus.COMPLETED);
    assertThat(ignorant.ran).isEmpty();
  }

  @Test
  void aCancelledJobKeepsWhatItHasAndSaysWhatItHasNot() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 6);
    Lines slow = new Lines(line -> Integer.parseInt(line) < 2 ? answered(line) : never());
    runner(store, slow, "a");
    awaitWritten(batch, 2);
    store.cancel(ACME, batch.id(), 5);

    Batch ended = awaitEnd(batch);
    assertThat(ended.status()).isEqualTo(BatchStatus.CANCELLED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(6, 2, 4));
    assertThat(slow.cancelled).isNotEmpty();
    assertThat(texts(batch.errorFile())).hasSize(4).startsWith("batch_cancelled 2");
  }

  @Test
  void aJobWhoseTimeIsOverEnds() throws Exception {
    Batch batch = SampleBatches.create(store, ACME, 3);
    runner(store, new Lines(line -> line.equals("0") ? answered(line) : never()), "a");
    awaitWritten(batch, 1);
    aheadMs.set(batch.expiresMs());

    Batch ended = awaitEnd(batch);
    assertThat(ended.status()).isEqualTo(BatchStatus.EXPIRED);
    assertThat(ended.counts()).isEqualTo(new Batch.Counts(3, 1, 2));
    assertThat(texts(batch.errorFile())).containsExactly("batch_expired 1", "batch_expired 2");
  }

  @Test
  void aJobOfNobodyFailsAndABugEndsItsJob() throws Exception {
    Batch nobodys = SampleBatches.create(store, ACME, 2);
    runner(
        store,
        new Lines(line -> CompletableFuture.completedFuture(new BatchLines.Outcome.Never())),
        "a");
    assertThat(awaitEnd(nobodys).status()).isEqualTo(BatchStatus.FAILED);
    runners.getFirst().close();

    Batch breaking = SampleBatches.create(store, ACME, 2);
    BatchRunner runner =
        runner(
            store,
            new Lines(
                line -> {
                  throw new IllegalArgumentException("a bug");
                }),
            "b");
    assertThat(awaitEnd(breaking).status()).isEqualTo(BatchStatus.FAILED);
    assertThat(runner.failures()).isPositive();
  }

  @Test
  void filesWhoseTimeIsOverAreDeleted() throws Exception {
    store.put(ACME, new StoredFile("file-old", false, "old", 3, 1, 2), List.of("old"));
    runner(store, new Lines(BatchRunnerTest::answered), "a");

    while (store.file(ACME, "file-old").isPresent()) {
      Thread.sleep(10);
    }
    assertThat(store.parts(ACME, "file-old", -1, 9)).isEmpty();
    assertThat(store.due(9)).isEmpty();
  }

  @Test
  void jobsThatWaitForTomorrowKeepNobodyElseFromTheirTurn() throws Exception {
    Lines lines = new Lines(BatchRunnerTest::answered);
    List<Batch> waiting = new ArrayList<>();
    for (String tenant : List.of("poor", "spent")) {
      lines.broke.add(new TenantId(tenant));
      waiting.add(SampleBatches.create(store, new TenantId(tenant), 2));
    }
    BatchRunner runner = runner(store, lines, "a");
    while (lines.ran.size() < 2 || runner.running() < 2) {
      Thread.sleep(5);
    }

    assertThat(awaitEnd(SampleBatches.create(store, ACME, 3)).status())
        .isEqualTo(BatchStatus.COMPLETED);

    for (Batch job : waiting) {
      store.cancel(job.tenant(), job.id(), 5);
      while (!store.batch(job.tenant(), job.id()).orElseThrow().status().ended()) {
        Thread.sleep(5);
      }
    }
    assertThat(lines.cancelled).isEmpty();
  }
}
