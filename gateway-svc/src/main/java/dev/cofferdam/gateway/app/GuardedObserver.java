package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.dispatch.Ending;
import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.RequestObserver;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.quota.TenantBreakers;
import dev.cofferdam.gateway.shadow.Shadows;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;

/**
 * Tells the tenants' breakers and the shadows how requests ended, and another observer everything.
 * What a lost worker or a full fleet does to a request is no fault of its tenant's.
 */
final class GuardedObserver implements RequestObserver {
  private final RequestObserver next;
  private final TenantBreakers breakers;
  private final Shadows shadows;
  private final InstantSource clock;

  GuardedObserver(
      RequestObserver next, TenantBreakers breakers, Shadows shadows, InstantSource clock) {
    this.next = next;
    this.breakers = breakers;
    this.shadows = shadows;
    this.clock = clock;
  }

  @Override
  public void ended(Generation generation, Ending ending) {
    TenantId tenant = generation.identity().tenant().id();
    if (ending.outcome() == AuditFact.Outcome.COMPLETED) {
      breakers.answered(tenant);
    } else if (ending.code().filter(GuardedObserver::ownFault).isPresent()) {
      breakers.broke(tenant, clock.millis());
    }
    next.ended(generation, ending);
    shadows.ended(generation, ending);
  }

  private static boolean ownFault(ErrorCode code) {
    return code == ErrorCode.POISON_REQUEST || code == ErrorCode.INTERNAL;
  }

  @Override
  public void auditLost(Generation generation) {
    next.auditLost(generation);
  }

  @Override
  public void broken(Generation generation, Throwable bug) {
    next.broken(generation, bug);
  }
}
