package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.TenantId;
import java.time.InstantSource;
import java.util.concurrent.CompletionStage;

/** A limiter whose decisions the tenants' breakers see. */
public final class GuardedLimiter implements Limiter {
  private final Limiter limiter;
  private final TenantBreakers breakers;
  private final InstantSource clock;

  public GuardedLimiter(Limiter limiter, TenantBreakers breakers, InstantSource clock) {
    this.limiter = limiter;
    this.breakers = breakers;
    this.clock = clock;
  }

  @Override
  public CompletionStage<Admission> admit(Reservation reservation) {
    TenantId tenant = reservation.tenant().id();
    return limiter
        .admit(reservation)
        .thenApply(
            admission -> {
              switch (admission) {
                case Admission.Granted unused -> breakers.granted(tenant);
                case Admission.Refused refused ->
                    breakers.refused(tenant, clock.millis(), refused.refusal().retryAfter());
              }
              return admission;
            });
  }

  @Override
  public CompletionStage<Void> settle(Lease lease, Used used) {
    return limiter.settle(lease, used);
  }
}
