package dev.cofferdam.audit;

import dev.cofferdam.audit.log.CheckpointIssuer;
import dev.cofferdam.audit.log.Checkpoints;
import dev.cofferdam.audit.log.LogVerifier;
import dev.cofferdam.audit.log.kafka.LogIntake;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.log.postgres.PostgresCheckpoints;
import dev.cofferdam.audit.log.postgres.PostgresDataKeys;
import dev.cofferdam.audit.log.postgres.PostgresLogCopy;
import dev.cofferdam.audit.log.postgres.PostgresLogReader;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.NoteSigner;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.audit.sealing.MasterKey;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;

/** A log on a fresh database, with keys of its own. */
public final class TestLog implements LogIntake.Listener {
  /** Name of the topic. */
  public static final String TOPIC = "audit";

  /** Name of the log. */
  public static final String ORIGIN = "test.example/audit";

  /** The database. */
  public final DataSource database;

  /** Wraps the tenants' keys. */
  public final MasterKey master;

  /** The tenants' keys. */
  public final PostgresDataKeys keys;

  /** Reads the log. */
  public final PostgresLogReader reader;

  /** The database's checkpoints. */
  public final PostgresCheckpoints checkpoints;

  /** Signs. */
  public final NoteSigner signer = newSigner();

  /** What was appended. */
  public final List<AuditEvent> appended = new CopyOnWriteArrayList<>();

  /** What was rejected. */
  public final List<RejectedFact> rejected = new CopyOnWriteArrayList<>();

  private final LogIntake intake;
  private long offset;

  /** Opens one on a fresh database. */
  public TestLog() {
    this(TestDatabase.create());
  }

  /** Opens one on a migrated database. */
  public TestLog(DataSource database) {
    this.database = database;
    this.reader = new PostgresLogReader(database);
    this.checkpoints = new PostgresCheckpoints(database);
    byte[] bytes = new byte[MasterKey.BYTES];
    AesGcm.random().nextBytes(bytes);
    this.master = new MasterKey(bytes);
    this.keys = new PostgresDataKeys(database, KeyRing.of(master));
    this.intake = intake(database);
    intake.claim(Set.of(0, 1, 2, 3));
  }

  private static NoteSigner newSigner() {
    try {
      return new NoteSigner(ORIGIN, KeyPairGenerator.getInstance("Ed25519").generateKeyPair());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A further intake, as another member has it. */
  public LogIntake intake(DataSource source) {
    return new LogIntake(
        TOPIC, new PostgresAuditLog(source, keys), InstantSource.fixed(Facts.NOW), this);
  }

  /** Appends facts as one batch. */
  public void append(List<AuditRecorded> facts) {
    intake.store(Facts.in(0, offset, facts));
    offset += facts.size();
  }

  /** The intake that holds all partitions. */
  public LogIntake intake() {
    return intake;
  }

  /** Signs with checkpoints in the given places. */
  public CheckpointIssuer issuer(Checkpoints... places) {
    return new CheckpointIssuer(ORIGIN, signer, reader, List.of(places));
  }

  /** Signs the head. */
  public Checkpoint sign() {
    return switch (issuer(checkpoints).step()) {
      case CheckpointIssuer.Outcome.Signed signed -> signed.checkpoint();
      case CheckpointIssuer.Outcome.Unchanged unchanged ->
          checkpoints
              .latest()
              .flatMap(signer.verifier()::open)
              .map(Checkpoint::parse)
              .orElseThrow();
      case CheckpointIssuer.Outcome.Inconsistent bad ->
          throw new AssertionError("inconsistent: " + bad);
    };
  }

  /** Verifies the store, knowing the checkpoints given besides. */
  public LogVerifier.Finding verify(Checkpoint... remembered) {
    return LogVerifier.verify(
        new PostgresLogCopy(database), signer.verifier(), List.of(remembered));
  }

  /** Changes what the log's owner must not change. */
  public void tamper(String sql) {
    TestDatabase.execute(
        database,
        """
        alter table leaves no force row level security;
        alter table leaves disable trigger user;
        alter table nodes disable trigger user;
        alter table checkpoints disable trigger user;
        """
            + sql);
  }

  @Override
  public void appended(AuditEvent event) {
    appended.add(event);
  }

  @Override
  public void skipped(int facts) {}

  @Override
  public void rejected(RejectedFact fact) {
    rejected.add(fact);
  }
}
