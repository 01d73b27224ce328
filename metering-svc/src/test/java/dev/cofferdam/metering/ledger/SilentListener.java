package dev.cofferdam.metering.ledger;

import dev.cofferdam.mesh.store.RejectedFact;
import dev.cofferdam.metering.ledger.kafka.LedgerIntake;
import java.time.Instant;

/** Hears and says nothing. */
public final class SilentListener implements LedgerIntake.Listener {
  @Override
  public void added(Booked booked, Instant said) {}

  @Override
  public void skipped(int facts) {}

  @Override
  public void rejected(RejectedFact fact) {}
}
