package dev.cofferdam.worker.app;

import dev.cofferdam.mesh.ParentWatch;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Starts the worker with the application and stops it with it. */
@ApplicationScoped
public class WorkerLifecycle {
  private final WorkerConfig config;
  private final WorkerMetrics metrics;
  private volatile @Nullable WorkerNode node;

  WorkerLifecycle(WorkerConfig config, WorkerMetrics metrics) {
    this.config = config;
    this.metrics = metrics;
  }

  void start(@Observes StartupEvent event) {
    ParentWatch.startIfAsked();
    WorkerNode started = WorkerNode.start(config, metrics, () -> Quarkus.asyncExit(1));
    metrics.expose(started);
    node = started;
  }

  void stop(@Observes ShutdownEvent event) {
    WorkerNode running = node;
    if (running != null) {
      running.close();
    }
  }

  /** The worker, once it is started. */
  Optional<WorkerNode> node() {
    return Optional.ofNullable(node);
  }
}
