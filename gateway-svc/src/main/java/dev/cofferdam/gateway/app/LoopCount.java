package dev.cofferdam.gateway.app;

import io.quarkus.vertx.VertxOptionsCustomizer;
import io.vertx.core.VertxOptions;
import jakarta.enterprise.context.ApplicationScoped;

/** As many event loops as there are processors: nothing on them waits, and more wake each other. */
@ApplicationScoped
public class LoopCount implements VertxOptionsCustomizer {
  @Override
  public void accept(VertxOptions options) {
    options.setEventLoopPoolSize(Runtime.getRuntime().availableProcessors());
  }
}
