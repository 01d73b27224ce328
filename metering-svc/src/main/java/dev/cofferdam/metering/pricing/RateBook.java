package dev.cofferdam.metering.pricing;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Optional;

/** Which rate card a tenant has. */
public interface RateBook {
  /** The card of a tenant now; empty where there is none. */
  Optional<RateCard> of(TenantId tenant);
}
