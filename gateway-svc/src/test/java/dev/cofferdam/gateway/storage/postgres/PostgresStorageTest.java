package dev.cofferdam.gateway.storage.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.batch.StoredFile;
import dev.cofferdam.gateway.batch.postgres.PostgresBatchStore;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.retrieval.Document;
import dev.cofferdam.gateway.retrieval.postgres.PostgresDocuments;
import dev.cofferdam.gateway.storage.Stored;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.gateway.transcripts.Transcript;
import dev.cofferdam.gateway.transcripts.Vault;
import dev.cofferdam.gateway.transcripts.postgres.PostgresTranscripts;
import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Against a real PostgreSQL, as the user that serves. */
class PostgresStorageTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId GLOBEX = new TenantId("globex");

  private final ServingDatabase server = ServingDatabase.emptied();
  private final PostgresStorage storage = new PostgresStorage(server.open());

  @Test
  void whatATenantPutsIsItsOwnStorageUntilItExpires() {
    Stored nothing = storage.of(ACME);
    assertThat(nothing.bytes()).isEqualTo(Map.of("documents", 0L, "requests", 0L, "files", 0L));

    new PostgresDocuments(server.open())
        .put(
            ACME,
            new Document("d", "books", "title", "Grüße"),
            DocumentLimits.of(10, 1 << 20, 1 << 18));
    new PostgresBatchStore(server.open(), new byte[32])
        .put(
            ACME,
            new StoredFile("file-1", false, "name", 60, 1_000, 2_000_000_000_000L),
            List.of("x"));
    long now = System.currentTimeMillis();
    new PostgresTranscripts(server.open(), new Vault(new byte[32]))
        .put(
            ACME,
            List.of(
                new Transcript(
                    RequestId.random(),
                    now,
                    now + 3_600_000,
                    "m",
                    "",
                    "completed",
                    7,
                    5,
                    List.of(new ChatMessage("user", "Where is it?")),
                    "On Monday.")));

    Map<String, Long> bytes = storage.of(ACME).bytes();
    assertThat(bytes).containsEntry("documents", 7L).containsEntry("files", 60L);
    assertThat(bytes.get("requests"))
        .isEqualTo(
            Long.parseLong(
                server.asSuperuser("select sum(octet_length(sealed)) from transcripts")));
    assertThat(storage.of(GLOBEX).bytes().values()).containsOnly(0L);
    assertThat(storage.of(GLOBEX).database()).isEqualTo(nothing.database()).hasSize(12);
    server.asSuperuser("update transcripts set expires_ms = 1");
    assertThat(storage.of(ACME).bytes()).containsEntry("requests", 0L);
  }
}
