package dev.cofferdam.audit.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.LogReader.RecordQuery;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.log.postgres.PostgresDataKeys;
import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.audit.sealing.MasterKey;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.audit.sealing.UnsealableException;
import dev.cofferdam.audit.sealing.env.EnvironmentKeys;
import dev.cofferdam.mesh.postgres.TestDatabase;
import dev.cofferdam.mesh.store.View;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Keys are retired, wrapped again and destroyed; the log goes on and still verifies. */
class RetentionTest {
  private static final TenantId HARBOR = new TenantId("harbor-books");
  private static final TenantId PIRATES = new TenantId("pixel-pirates");
  private static final Instant NOW = Instant.now();

  private final TestLog log = new TestLog();
  private final List<Erasure> told = new ArrayList<>();
  private final Housekeeping housekeeping =
      new Housekeeping(
          log.keys, tenant -> tenant.equals(HARBOR) ? 90 : 2_192, Duration.ofDays(30), told::add);

  /** How many records of a tenant open. */
  private long opened(TenantId tenant) {
    return log.reader.records(new View.Of(tenant), RecordQuery.newest(1_000)).stream()
        .map(leaf -> SealedRecord.decode(leaf.bytes()).keyId())
        .filter(id -> !log.keys.byIds(Set.of(id)).isEmpty())
        .count();
  }

  @Test
  void aRecordCanBeOpenedUntilItsTenantsRetentionIsOverAndNotAfterwards() {
    log.append(Facts.some(0, 30));
    log.sign();
    assertThat(housekeeping.step(NOW.plus(Duration.ofDays(31))).retired()).isEqualTo(3);
    log.append(Facts.some(30, 30));
    assertThat(housekeeping.step(NOW.plus(Duration.ofDays(120))).destroyed()).isZero();
    assertThat(opened(HARBOR)).isEqualTo(20);
    assertThat(housekeeping.step(NOW.plus(Duration.ofDays(122))).destroyed()).isEqualTo(1);
    assertThat(opened(HARBOR)).isEqualTo(10);
    assertThat(opened(PIRATES)).isEqualTo(20);
    log.sign();
    assertThat(log.verify()).isEqualTo(new Finding.Intact(60));
    assertThat(told)
        .singleElement()
        .satisfies(
            erasure -> {
              assertThat(erasure.kind()).isEqualTo(Erasure.Kind.RETENTION);
              assertThat(erasure.tenant()).isEqualTo(HARBOR);
              assertThat(erasure.reason()).contains("90 days");
            });
  }

  @Test
  void sixYearsAreKeptWhereTheyAreAskedFor() {
    log.append(Facts.some(0, 30));
    housekeeping.step(NOW.plus(Duration.ofDays(31)));
    housekeeping.step(NOW.plus(Duration.ofDays(2_222)));
    assertThat(opened(PIRATES)).isEqualTo(10);
    housekeeping.step(NOW.plus(Duration.ofDays(2_224)));
    assertThat(opened(PIRATES)).isZero();
  }

  @Test
  void anErasedTenantsRecordsNeverOpenAndLaterOnesDo() {
    log.append(Facts.some(0, 30));
    Erasure erasure = log.keys.erase(HARBOR, "ann", "asked to").orElseThrow();
    assertThat(erasure.treeSize()).isEqualTo(30);
    assertThat(opened(HARBOR)).isZero();
    log.append(Facts.some(30, 30));
    assertThat(opened(HARBOR)).isEqualTo(10);
    assertThat(opened(PIRATES)).isEqualTo(20);
  }

  @Test
  void theLogIsToldOfAnErasureThatAProcessDiedAfter() {
    log.append(Facts.some(0, 3));
    log.keys.erase(HARBOR, "ann", "asked to");
    Housekeeping failing =
        new Housekeeping(
            log.keys,
            tenant -> 90,
            Duration.ofDays(30),
            erasure -> {
              throw new IllegalStateException("the spool is full");
            });
    assertThatThrownBy(failing::tell).isInstanceOf(IllegalStateException.class);
    housekeeping.tell();
    housekeeping.tell();
    assertThat(told).hasSize(1);
  }

  @Test
  void aNewKeyEncryptionKeyTakesOverAndTheOldOneIsNeededNoMore() {
    log.append(Facts.some(0, 30));
    MasterKey fresh = master();
    PostgresDataKeys rotated =
        new PostgresDataKeys(log.database, new KeyRing(fresh, List.of(log.master)));
    assertThat(rotated.rewrap()).isEqualTo(3);
    assertThat(rotated.rewrap()).isZero();
    PostgresDataKeys alone = new PostgresDataKeys(log.database, KeyRing.of(fresh));
    assertThat(alone.byIds(ids())).hasSize(3);
    assertThatThrownBy(() -> log.keys.byIds(ids())).isInstanceOf(UnsealableException.class);
    new PostgresAuditLog(log.database, alone).claim("audit", Set.of(0));
  }

  @Test
  void everyChangedBitOfAWrappedKeyKeepsItShut() {
    log.append(Facts.some(0, 1));
    byte[] wrapped = new byte[12 + 32 + 16];
    for (int bit = 0; bit < wrapped.length * 8; bit += 7) {
      String flip =
          "update data_keys set wrapped = set_bit(wrapped, %d, 1 - get_bit(wrapped, %d))"
              .formatted(bit, bit);
      TestDatabase.execute(log.database, flip);
      assertThatThrownBy(() -> log.keys.byIds(ids())).isInstanceOf(UnsealableException.class);
      TestDatabase.execute(log.database, flip);
    }
    assertThat(log.keys.byIds(ids())).hasSize(1);
  }

  @Test
  void aKeyOfTheEnvironmentIsReadOrLoudlyRefused() {
    byte[] bytes = new byte[32];
    AesGcm.random().nextBytes(bytes);
    Map<String, String> environment =
        Map.of("KEK", Base64.getEncoder().encodeToString(bytes), "SHORT", "AAAA");
    assertThat(EnvironmentKeys.masterKey("KEK", environment).id())
        .isEqualTo(new MasterKey(bytes).id());
    assertThatThrownBy(() -> EnvironmentKeys.masterKey("ABSENT", environment))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ABSENT is not set");
    assertThatThrownBy(() -> EnvironmentKeys.masterKey("SHORT", environment))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageNotContaining("AAAA");
  }

  @Test
  void retiringOneTenantsKeyLeavesTheOthers() {
    log.append(Facts.some(0, 30));
    assertThat(log.keys.retire(Optional.of(HARBOR), NOW.plusSeconds(60), NOW)).isEqualTo(1);
    assertThat(log.keys.retired()).containsExactly(HARBOR);
  }

  private Set<UUID> ids() {
    return TestDatabase.rows(log.database, "select key_id from data_keys").stream()
        .map(UUID::fromString)
        .collect(Collectors.toSet());
  }

  private static MasterKey master() {
    byte[] bytes = new byte[32];
    AesGcm.random().nextBytes(bytes);
    return new MasterKey(bytes);
  }
}
