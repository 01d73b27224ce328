package dev.cofferdam.metering.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when the ledger is migrated and Kafka's partitions are claimed; the database's own check
 * stands beside.
 */
@Readiness
@ApplicationScoped
public class MeteringReadiness implements HealthCheck {
  private final MeteringApp app;

  public MeteringReadiness(MeteringApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("usage facts").status(app.consuming()).build();
  }
}
