package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.ingress.rest.Dialect;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.storage.ForeignIds;
import io.vertx.ext.web.Router;
import java.time.InstantSource;

/** OpenAI's batch jobs: /v1/files and /v1/batches. */
public final class OpenAiBatches {
  private final FilesApi files;
  private final BatchesApi batches;
  private final Dialect dialect = new OpenAiDialect();

  public OpenAiBatches(
      RestEdge edge,
      BatchStore store,
      BatchSettings settings,
      ForeignIds foreign,
      InstantSource clock) {
    this.files = new FilesApi(edge, store, settings, foreign, clock);
    this.batches = new BatchesApi(edge, store, settings, files, foreign, clock);
  }

  /** Adds the routes. To be called before the API is mounted that takes all other paths. */
  public void mount(Router router) {
    files.mount(router, dialect);
    batches.mount(router, dialect);
  }
}
