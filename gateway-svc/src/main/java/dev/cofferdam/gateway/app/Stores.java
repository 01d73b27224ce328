package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.admin.TenantContents;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.retrieval.postgres.PostgresDocuments;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.postgres.PostgresOwners;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.gateway.transcripts.TranscriptWriter;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.gateway.transcripts.Vault;
import dev.cofferdam.gateway.transcripts.postgres.PostgresTranscripts;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the gateway keeps for tenants in its own database, and the thread that writes there. */
final class Stores implements TenantContents, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Stores.class);
  private static final long WAITING_CHARS_MAX = 16 << 20;
  private static final long SWEEP_S = 60;
  private static final int SWEPT_MAX = 1_000;
  private static final int SWEEPS_MAX = 20;
  private static final long STOP_MS = 2_000;

  private final Documents documents;
  private final Transcripts transcripts;
  private final ForeignIds foreignIds;
  private final ScheduledExecutorService thread = thread("transcripts");
  private final ScheduledExecutorService looking = thread("foreign-ids");

  Stores(GatewayConfig config, Optional<TenantDatabase> database) {
    this.documents = database.<Documents>map(PostgresDocuments::new).orElse(Documents.NONE);
    this.foreignIds =
        new ForeignIds(
            database.<ForeignIds.Owners>map(PostgresOwners::new).orElse((tenant, id) -> false),
            looking);
    Optional<Vault> vault = config.transcripts().secretFile().map(Gateway::secret).map(Vault::new);
    this.transcripts =
        database.isPresent() && vault.isPresent()
            ? new PostgresTranscripts(database.get(), vault.get())
            : Transcripts.NONE;
    if (database.isPresent()) {
      var unused = thread.scheduleWithFixedDelay(this::sweep, SWEEP_S, SWEEP_S, TimeUnit.SECONDS);
    }
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  ForeignIds foreignIds() {
    return foreignIds;
  }

  Documents documents() {
    return documents;
  }

  Transcripts transcripts() {
    return transcripts;
  }

  /** Brings transcripts to the store on a thread of its own. */
  TranscriptWriter writer(AuditFacts facts, InstantSource clock) {
    return new TranscriptWriter(transcripts, facts, clock, thread, WAITING_CHARS_MAX);
  }

  @Override
  public void erase(TenantId tenant) {
    documents.erase(tenant);
    transcripts.erase(tenant);
  }

  private void sweep() {
    try {
      int rounds = 0;
      while (transcripts.sweep(SWEPT_MAX) == SWEPT_MAX && ++rounds < SWEEPS_MAX) {
        // There is more.
      }
    } catch (RefusedException e) {
      LOG.warn("expired transcripts are not removed yet: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("expired transcripts cannot be removed: {}", e.getMessage());
    }
  }

  @Override
  public void close() {
    looking.shutdown();
    thread.shutdown();
    try {
      if (!thread.awaitTermination(STOP_MS, TimeUnit.MILLISECONDS)) {
        thread.shutdownNow();
      }
      if (!looking.awaitTermination(STOP_MS, TimeUnit.MILLISECONDS)) {
        looking.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
