package dev.cofferdam.scheduler.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready when the service is open and usage facts can be kept. */
@Readiness
@ApplicationScoped
public class SchedulerReadiness implements HealthCheck {
  private final SchedulerApp app;

  public SchedulerReadiness(SchedulerApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("scheduling").status(app.serving()).build();
  }
}
