package dev.cofferdam.audit.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when the log is migrated and Kafka's partitions are claimed; the database's own check
 * stands beside.
 */
@Readiness
@ApplicationScoped
public class AuditReadiness implements HealthCheck {
  private final AuditApp app;

  public AuditReadiness(AuditApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("audit facts").status(app.consuming()).build();
  }
}
