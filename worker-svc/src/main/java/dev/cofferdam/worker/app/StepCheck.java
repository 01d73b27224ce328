package dev.cofferdam.worker.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive: no step takes longer than any step should. */
@Liveness
@ApplicationScoped
public class StepCheck implements HealthCheck {
  private final WorkerLifecycle lifecycle;

  StepCheck(WorkerLifecycle lifecycle) {
    this.lifecycle = lifecycle;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.builder()
        .name("step")
        .status(lifecycle.node().map(node -> !node.stuck()).orElse(true))
        .build();
  }
}
