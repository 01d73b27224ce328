package dev.cofferdam.audit.app.bench;

import static dev.cofferdam.mesh.bench.Medians.median;
import static dev.cofferdam.mesh.bench.Medians.medianMs;

import dev.cofferdam.audit.log.CheckpointIssuer;
import dev.cofferdam.audit.log.LogVerifier;
import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.log.postgres.PostgresCheckpoints;
import dev.cofferdam.audit.log.postgres.PostgresDataKeys;
import dev.cofferdam.audit.log.postgres.PostgresLogCopy;
import dev.cofferdam.audit.log.postgres.PostgresLogReader;
import dev.cofferdam.audit.log.tampering.CopiedLog;
import dev.cofferdam.audit.proof.NoteSigner;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.record.kafka.AuditFacts;
import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.audit.sealing.MasterKey;
import dev.cofferdam.mesh.bench.BenchDatabase;
import dev.cofferdam.mesh.bench.BenchResults;
import dev.cofferdam.mesh.kafka.FactConsumer.Fact;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import dev.cofferdam.proto.events.v1.Outcome;
import dev.cofferdam.proto.events.v1.Severity;
import dev.cofferdam.wire.Events;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * How many records per second the log takes, from the record's bytes to the commit with seal, tree
 * and offsets, beside bare batched INSERTs of as many rows of the same size and indexes in the same
 * run; and what proofs, signatures and a full verification cost.
 */
public final class AuditBench {
  private static final int BATCH = 2_000;
  private static final int BATCHES_WARM = 10;
  private static final int BATCHES = 20;
  private static final int ROUNDS = 3;
  private static final int PROOFS = 500;
  private static final int TAMPERED = 10_000;
  private static final String ORIGIN = "bench/audit";

  private final BenchDatabase database;
  private final LogIntake intake;
  private final PostgresLogReader reader;
  private final SplittableRandom random = new SplittableRandom(1);
  private final long startMs = Clock.systemUTC().millis();
  private long offset;
  private long plainIndex;

  private AuditBench(BenchDatabase database) {
    this.database = database;
    byte[] master = new byte[MasterKey.BYTES];
    AesGcm.random().nextBytes(master);
    PostgresDataKeys keys =
        new PostgresDataKeys(database.source(), KeyRing.of(new MasterKey(master)));
    this.reader = new PostgresLogReader(database.source());
    this.intake =
        new LogIntake(
            "audit",
            new PostgresAuditLog(database.source(), keys),
            Clock.systemUTC(),
            new Silent());
    intake.claim(Set.of(0));
  }

  /**
   * Arguments: JDBC URL, user, password, file for the results.
   *
   * @param arguments the arguments
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 4) {
      throw new IllegalArgumentException("arguments: JDBC URL, user, password, results file");
    }
    try (BenchDatabase database = new BenchDatabase(arguments[0], arguments[1], arguments[2])) {
      BenchResults results = new AuditBench(database).run();
      results.print(System.out);
      results.write(Path.of(arguments[3]));
    }
  }

  private BenchResults run() throws Exception {
    database.execute("create table plain (like leaves including all)");
    int leafBytes = 0;
    for (int i = 0; i < BATCHES_WARM; i++) {
      intake.store(facts());
      leafBytes = reader.leaves(0, 1).getFirst().bytes().length;
      insertPlainly(leafBytes);
    }
    double[] log = new double[ROUNDS];
    double[] plain = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      List<List<Fact>> batches = new ArrayList<>();
      for (int i = 0; i < BATCHES; i++) {
        batches.add(facts());
      }
      int bytes = leafBytes;
      plain[round] =
          perSecond(
              () -> {
                for (int i = 0; i < BATCHES; i++) {
                  insertPlainly(bytes);
                }
              });
      log[round] = perSecond(() -> batches.forEach(intake::store));
    }
    BenchResults results = new BenchResults();
    results.add("audit_records_s", median(log), "records/s", median(plain));
    results.add("leaf_size", leafBytes, "bytes", 0);
    prove(results);
    sign(results);
    tamper(results);
    new TreeSection(database, results).run();
    return results;
  }

  private void prove(BenchResults results) {
    long size = reader.head().size();
    results.add("tree_size", size, "leaves", 0);
    results.add(
        "inclusion_proof_p50",
        medianMs(PROOFS, () -> Proofs.inclusion(random.nextLong(size), size, reader)),
        "ms",
        0);
    results.add(
        "consistency_proof_p50",
        medianMs(PROOFS, () -> Proofs.consistency(1 + random.nextLong(size), size, reader)),
        "ms",
        0);
  }

  private void sign(BenchResults results) throws Exception {
    NoteSigner signer =
        new NoteSigner(ORIGIN, KeyPairGenerator.getInstance("Ed25519").generateKeyPair());
    CheckpointIssuer issuer =
        new CheckpointIssuer(
            ORIGIN, signer, reader, List.of(new PostgresCheckpoints(database.source())));
    double[] times = new double[50];
    for (int i = 0; i < times.length; i++) {
      intake.store(facts().subList(0, 10));
      long start = System.nanoTime();
      if (!(issuer.step() instanceof CheckpointIssuer.Outcome.Signed signed)) {
        throw new IllegalStateException("the head was not signed");
      }
      times[i] = (System.nanoTime() - start) / 1e6;
      if (i == times.length - 1) {
        long before = System.nanoTime();
        if (!(LogVerifier.verify(
                new PostgresLogCopy(database.source()),
                signer.verifier(),
                List.of(signed.checkpoint()))
            instanceof LogVerifier.Finding.Intact intact)) {
          throw new IllegalStateException("the log does not verify");
        }
        double seconds = (System.nanoTime() - before) / 1e9;
        results.add("full_verification", intact.leaves() / seconds, "leaves/s", 0);
      }
    }
    results.add("checkpoint_checked_signed_kept_p50", median(times), "ms", 0);
  }

  /** A fresh log of 10,000 records and five checkpoints, copied. */
  private void tamper(BenchResults results) throws Exception {
    database.execute(
        """
        alter table leaves disable trigger user; alter table nodes disable trigger user;
        alter table checkpoints disable trigger user;
        alter table cosignatures disable trigger user;
        truncate leaves, nodes, checkpoints, cosignatures; update log_head set size = 0, root = sha256('')
        """);
    NoteSigner signer =
        new NoteSigner(ORIGIN, KeyPairGenerator.getInstance("Ed25519").generateKeyPair());
    CheckpointIssuer issuer =
        new CheckpointIssuer(
            ORIGIN, signer, reader, List.of(new PostgresCheckpoints(database.source())));
    for (int i = 0; i < TAMPERED / BATCH; i++) {
      intake.store(facts());
      issuer.step();
    }
    CopiedLog copy = CopiedLog.of(new PostgresLogCopy(database.source()));
    new TamperSection(copy, signer.verifier(), results).run();
  }

  /** Work on the database. */
  private interface Work {
    void run() throws SQLException;
  }

  private static double perSecond(Work work) throws SQLException {
    long start = System.nanoTime();
    work.run();
    return BATCHES * (double) BATCH * 1e9 / (System.nanoTime() - start);
  }

  private List<Fact> facts() {
    List<Fact> facts = new ArrayList<>(BATCH);
    for (int i = 0; i < BATCH; i++) {
      AuditRecorded data = audit();
      byte[] event =
          Events.encode(
              data.getEventId(),
              "/cofferdam/gateway-bench",
              AuditFacts.TYPE,
              Instant.ofEpochMilli(startMs),
              Map.of(),
              data);
      facts.add(new Fact(0, offset++, event));
    }
    return facts;
  }

  private AuditRecorded audit() {
    String request = String.format("%016x%016x", random.nextLong(), random.nextLong());
    return AuditRecorded.newBuilder()
        .setEventId(request + ":0")
        .setRequestId(request)
        .setTenant("tenant-" + random.nextInt(50))
        .setTier("standard")
        .setActor("key:k12345678")
        .setSourceIp("10.0.0.7")
        .setOperation("generate")
        .setSeverity(Severity.SEVERITY_INFO)
        .setOutcome(Outcome.OUTCOME_COMPLETED)
        .setOccurredEpochMs(startMs)
        .setModel("support-desk")
        .setAdapter("adapter-1")
        .setAdapterVersion("1")
        .setWorkerId("worker-1")
        .setPool("shared")
        .setAttempts(1)
        .addRoutingExplanation("worker-1: prefix 0.80, load 0.35, adapter 1.00")
        .setPromptTokens(400)
        .setCachedPromptTokens(256)
        .setOutputTokens(200)
        .setTtftMs(40)
        .setLatencyMs(950)
        .setKvBlocksAllocated(38)
        .setKvBlocksZeroed(38)
        .build();
  }

  private void insertPlainly(int leafBytes) throws SQLException {
    try (Connection connection = database.source().getConnection();
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into plain (index, tenant, source, event_id, request_id, severity,
                  occurred_ms, leaf, leaf_hash, logged_at)
                values (?, ?, '/cofferdam/gateway-bench', ?, ?, 1, ?, ?, ?, ?)
                """)) {
      connection.setAutoCommit(false);
      byte[] leaf = new byte[leafBytes];
      byte[] hash = new byte[32];
      for (int i = 0; i < BATCH; i++) {
        random.nextBytes(leaf);
        random.nextBytes(hash);
        String request = String.format("%016x%016x", random.nextLong(), random.nextLong());
        insert.setLong(1, plainIndex++);
        insert.setString(2, "tenant-" + random.nextInt(50));
        insert.setString(3, request + ":0");
        insert.setString(4, request);
        insert.setLong(5, startMs);
        insert.setBytes(6, leaf.clone());
        insert.setBytes(7, hash.clone());
        insert.setTimestamp(8, new Timestamp(startMs));
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    }
  }

  private static final class Silent implements LogIntake.Listener {
    @Override
    public void appended(AuditEvent event) {}

    @Override
    public void skipped(int facts) {}

    @Override
    public void rejected(RejectedFact fact) {
      throw new IllegalStateException("a fact of the benchmark was rejected: " + fact.reason());
    }
  }
}
