package dev.cofferdam.router.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready when the configuration is known. */
@Readiness
@ApplicationScoped
public class RouterReadiness implements HealthCheck {
  private final RouterApp app;

  public RouterReadiness(RouterApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("configuration").status(app.knowsConfiguration()).build();
  }
}
