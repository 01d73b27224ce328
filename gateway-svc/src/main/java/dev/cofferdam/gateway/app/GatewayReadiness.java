package dev.cofferdam.gateway.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when both APIs listen and the configuration is known. Redis and routers do not count: the
 * gateway has answers for their absence, and taking it out of service would not help anybody.
 */
@Readiness
@ApplicationScoped
public class GatewayReadiness implements HealthCheck {
  private final GatewayApp app;

  public GatewayReadiness(GatewayApp app) {
    this.app = app;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("gateway").status(app.ready()).build();
  }
}
