package dev.cofferdam.worker.app;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready: the model is loaded, the server listens, and a scheduler's session is open. */
@Readiness
@ApplicationScoped
public class ReadyCheck implements HealthCheck {
  private final WorkerLifecycle lifecycle;

  ReadyCheck(WorkerLifecycle lifecycle) {
    this.lifecycle = lifecycle;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.builder()
        .name("worker")
        .status(lifecycle.node().map(WorkerNode::ready).orElse(false))
        .build();
  }
}
