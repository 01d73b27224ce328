package dev.cofferdam.gateway.tenancy.postgres;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import org.junit.jupiter.api.Test;

class TurnstileTest {
  private static final TenantId ACME = new TenantId("acme");
  private static final TenantId GLOBEX = new TenantId("globex");
  private static final long SECOND = 1_000_000_000L;

  private final Turnstile turnstile = new Turnstile(2);

  private void refused(TenantId tenant, long nowNs, ErrorCode code) {
    assertThatThrownBy(() -> turnstile.enter(tenant, nowNs))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> org.assertj.core.api.Assertions.assertThat(e.refusal().code()).isEqualTo(code));
  }

  @Test
  void aTenantHasAFewTransactionsAndDoesNotCountAgainstAnother() {
    turnstile.enter(ACME, 0);
    turnstile.enter(ACME, 0);
    refused(ACME, 0, ErrorCode.CONCURRENCY_LIMIT);
    assertThatCode(() -> turnstile.enter(GLOBEX, 0)).doesNotThrowAnyException();
    turnstile.leave(ACME, true, 0);
    assertThatCode(() -> turnstile.enter(ACME, 0)).doesNotThrowAnyException();
  }

  @Test
  void whileTheDatabaseIsAwayOneAtATimeFindsOutWhetherItIsBack() {
    turnstile.enter(ACME, 0);
    turnstile.leave(ACME, false, 0);

    refused(GLOBEX, SECOND - 1, ErrorCode.DEPENDENCY_UNAVAILABLE);
    turnstile.enter(GLOBEX, SECOND);
    refused(ACME, SECOND, ErrorCode.DEPENDENCY_UNAVAILABLE);
    turnstile.leave(GLOBEX, true, SECOND);
    assertThatCode(() -> turnstile.enter(ACME, SECOND)).doesNotThrowAnyException();
  }
}
