package dev.cofferdam.gateway.transcripts.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.tenancy.postgres.ServingDatabase;
import dev.cofferdam.gateway.transcripts.Transcript;
import dev.cofferdam.gateway.transcripts.TranscriptEntry;
import dev.cofferdam.gateway.transcripts.Transcripts;
import dev.cofferdam.gateway.transcripts.Vault;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Against a real PostgreSQL, as the user that serves. */
class PostgresTranscriptsTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId GLOBEX = new TenantId("globex");
  private static final long HOUR_MS = 3_600_000;

  private final ServingDatabase server = ServingDatabase.emptied();
  private final Transcripts transcripts =
      new PostgresTranscripts(server.open(), new Vault(new byte[32]));
  private final long nowMs = System.currentTimeMillis();

  private Transcript transcript(String answer, long createdMs, long keptMs) {
    return new Transcript(
        RequestId.random(),
        createdMs,
        createdMs + keptMs,
        "support-desk",
        "",
        "completed",
        7,
        5,
        List.of(new ChatMessage("user", "Where is it?")),
        answer);
  }

  private Transcript kept(TenantId tenant, String answer) {
    Transcript transcript = transcript(answer, nowMs, HOUR_MS);
    transcripts.put(tenant, List.of(transcript));
    return transcript;
  }

  /** Makes all rows expire, past row-level security and seals. */
  private void age() {
    server.asSuperuser("update transcripts set expires_ms = 1");
  }

  @Test
  void aTranscriptComesBackAsItWas() {
    Transcript kept = kept(ACME, "On Monday – surely.");

    assertThat(transcripts.get(ACME, kept.id())).hasValue(kept);
    assertThat(transcripts.list(ACME, Optional.empty(), 10))
        .containsExactly(
            new TranscriptEntry(kept.id(), kept.createdEpochMs(), kept.expiresEpochMs()));
  }

  @Test
  void aForeignTranscriptIsNeitherReadNorListedNorRemoved() {
    Transcript theirs = kept(GLOBEX, "secret");
    kept(ACME, "ours");

    assertThat(transcripts.get(ACME, theirs.id())).isEmpty();
    assertThat(transcripts.list(ACME, Optional.empty(), 10)).hasSize(1);
    assertThat(transcripts.list(ACME, Optional.of(theirs.id()), 10)).isEmpty();
    assertThat(transcripts.delete(ACME, theirs.id())).isFalse();
    transcripts.erase(ACME);
    assertThat(transcripts.get(GLOBEX, theirs.id())).isPresent();
  }

  @Test
  void noContentLiesInTheDatabase() {
    kept(ACME, "a canary in the answer");

    String row =
        server.asSuperuser("select string_agg(t::text || sealed::text, ' ') from transcripts t");

    byte[] canary = "canary".getBytes(StandardCharsets.UTF_8);
    assertThat(row)
        .doesNotContain("canary")
        .doesNotContain(java.util.HexFormat.of().formatHex(canary))
        .doesNotContain("Where");
  }

  @Test
  void aRowThatWasMovedToAnotherTenantOpensForNobody() {
    Transcript theirs = kept(GLOBEX, "secret");
    kept(ACME, "ours");

    server.asSuperuser(
        "insert into transcripts select 'acme', request_id, created_ms, expires_ms, sealed"
            + " from transcripts where tenant = 'globex'");

    assertThat(transcripts.get(ACME, theirs.id())).isEmpty();
  }

  @Test
  void aRowWhoseExpiryWasPutOffOpensForNobody() {
    Transcript kept = kept(ACME, "ours");

    server.asSuperuser("update transcripts set expires_ms = expires_ms + 1000000");

    assertThat(transcripts.get(ACME, kept.id())).isEmpty();
  }

  @Test
  void whatHasExpiredIsNotThereThoughNothingHasSweptIt() throws SQLException {
    Transcript kept = kept(ACME, "ours");
    age();

    assertThat(transcripts.get(ACME, kept.id())).isEmpty();
    assertThat(transcripts.list(ACME, Optional.empty(), 10)).isEmpty();
    assertThat(server.asSuperuser("select count(*) from transcripts")).isEqualTo("1");
    try (Connection serving = server.user("serving").getConnection()) {
      assertThat(
              ServingDatabase.single(
                  serving, "select set_config('cofferdam.tenant', 'acme', false)"))
          .isEqualTo("acme");
      assertThat(ServingDatabase.single(serving, "select count(*) from transcripts"))
          .isEqualTo("0");
    }
  }

  @Test
  void theSweepRemovesSoManyOfAllTenantsAndNothingThatLives() {
    for (int i = 0; i < 3; i++) {
      kept(ACME, "a");
      kept(GLOBEX, "g");
    }
    age();
    Transcript alive = kept(ACME, "alive");

    assertThat(transcripts.sweep(4)).isEqualTo(4);
    assertThat(transcripts.sweep(4)).isEqualTo(2);
    assertThat(transcripts.sweep(4)).isZero();
    assertThat(transcripts.get(ACME, alive.id())).isPresent();
  }

  @Test
  void withItsKeyATenantsTranscriptsAreGoneAndTheNextHaveANewKey() {
    Transcript before = kept(ACME, "before");
    String key = server.asSuperuser("select sealed from transcript_keys where tenant = 'acme'");

    transcripts.erase(ACME);

    assertThat(server.asSuperuser("select count(*) from transcripts")).isEqualTo("0");
    assertThat(server.asSuperuser("select count(*) from transcript_keys")).isEqualTo("0");
    assertThat(transcripts.get(ACME, before.id())).isEmpty();
    Transcript after = kept(ACME, "after");
    assertThat(transcripts.get(ACME, after.id())).hasValue(after);
    assertThat(server.asSuperuser("select sealed from transcript_keys where tenant = 'acme'"))
        .isNotEqualTo(key);
  }

  @Test
  void pagesGoFromTheLatestToTheFirst() {
    Transcript first = transcript("1", nowMs - 3, HOUR_MS);
    Transcript second = transcript("2", nowMs - 2, HOUR_MS);
    Transcript third = transcript("3", nowMs - 1, HOUR_MS);
    transcripts.put(ACME, List.of(second, first, third));

    assertThat(transcripts.list(ACME, Optional.empty(), 2))
        .extracting(TranscriptEntry::id)
        .containsExactly(third.id(), second.id());
    assertThat(transcripts.list(ACME, Optional.of(second.id()), 2))
        .extracting(TranscriptEntry::id)
        .containsExactly(first.id());
    assertThat(transcripts.delete(ACME, third.id())).isTrue();
    assertThat(transcripts.delete(ACME, third.id())).isFalse();
  }

  @Test
  void whoServesCannotReadKeysOrRowsOfNobodyAndCannotReachPartitions() throws SQLException {
    kept(ACME, "ours");
    try (Connection serving = server.user("serving").getConnection()) {
      assertThat(ServingDatabase.single(serving, "select count(*) from transcripts"))
          .isEqualTo("0");
      assertThat(ServingDatabase.single(serving, "select count(*) from transcript_keys"))
          .isEqualTo("0");
      assertThatThrownBy(
              () -> ServingDatabase.single(serving, "select count(*) from transcripts_0"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("permission denied");
    }
  }
}
