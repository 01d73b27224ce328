package dev.cofferdam.worker.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.WorkloadClass;
import dev.cofferdam.worker.lease.LeaseBook.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LeaseBookTest {
  private final LeaseBook book = new LeaseBook("w1", Optional.empty(), Set.of("m"), 2);

  private static Lease lease(int request, int attempt, long expires) {
    return lease(request, attempt, "t", expires);
  }

  private static Lease lease(int request, int attempt, String tenant, long expires) {
    return new Lease(
        Operation.GENERATE,
        new RequestId("%032x".formatted(request)),
        attempt,
        new TenantId(tenant),
        "free",
        "w1",
        "m",
        "",
        "",
        1,
        0,
        1,
        1,
        0,
        false,
        0,
        1,
        WorkloadClass.BATCH,
        expires,
        1,
        0);
  }

  @Test
  void aWorkerThatIsBoundToATenantHonoursNobodyElsesLease() {
    for (String bound : List.of("", "t", "u")) {
      for (String tenant : List.of("t", "u")) {
        LeaseBook own =
            new LeaseBook(
                "w1",
                bound.isEmpty() ? Optional.empty() : Optional.of(new TenantId(bound)),
                Set.of("m"),
                2);
        assertThat(own.present(lease(1, 1, tenant, 100), 0))
            .as("bound to '%s', lease of %s", bound, tenant)
            .isEqualTo(
                bound.isEmpty() || bound.equals(tenant) ? Verdict.HONOURED : Verdict.OTHER_TENANT);
      }
    }
  }

  @Test
  void eachAttemptIsHonouredOnce() {
    assertThat(book.present(lease(1, 1, 100), 0)).isEqualTo(Verdict.HONOURED);
    assertThat(book.present(lease(1, 1, 100), 1)).isEqualTo(Verdict.REPLAYED);
    assertThat(book.present(lease(1, 2, 100), 2)).isEqualTo(Verdict.HONOURED);
  }

  @Test
  void anExpiredLeaseIsRefusedAlsoAfterItWasForgotten() {
    book.present(lease(1, 1, 100), 0);
    book.present(lease(2, 1, 100), 0);
    assertThat(book.present(lease(3, 1, 300), 99)).isEqualTo(Verdict.FULL);
    assertThat(book.present(lease(3, 1, 300), 100)).isEqualTo(Verdict.HONOURED);
    assertThat(book.present(lease(1, 1, 100), 100)).isEqualTo(Verdict.EXPIRED);
  }

  @Test
  void aLeaseThatLivesTooLongIsRefused() {
    assertThat(book.present(lease(1, 1, LeaseBook.LIFE_MS_MAX + 1), 0)).isEqualTo(Verdict.TOO_LONG);
  }

  @Test
  void keysOutliveTheirExpiryByTheGraceAndAreBoundedInNumber() {
    SessionKeys keys = new SessionKeys();
    keys.add("a", new byte[] {1}, 100, 0);
    assertThat(keys.find("a", 100 + SessionKeys.GRACE_MS)).contains(new byte[] {1});
    assertThat(keys.find("a", 101 + SessionKeys.GRACE_MS)).isEmpty();
    for (int i = 0; i < SessionKeys.KEYS_MAX; i++) {
      keys.add("k" + i, new byte[] {2}, 100, 0);
    }
    assertThat(keys.find("a", 0)).isEmpty();
    assertThat(keys.find("k0", 0)).isPresent();
  }
}
