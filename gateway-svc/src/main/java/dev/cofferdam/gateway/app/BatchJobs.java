package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.admin.TenantContents;
import dev.cofferdam.gateway.batch.BatchRunner;
import dev.cofferdam.gateway.batch.BatchSettings;
import dev.cofferdam.gateway.batch.BatchStore;
import dev.cofferdam.gateway.batch.postgres.PostgresBatchStore;
import dev.cofferdam.gateway.dispatch.Dispatcher;
import dev.cofferdam.gateway.ingress.openai.OpenAiBatches;
import dev.cofferdam.gateway.ingress.openai.OpenAiLines;
import dev.cofferdam.gateway.ingress.rest.RestEdge;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.ext.web.Router;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;

/** Batch jobs: what keeps them, runs them and answers for them. */
final class BatchJobs implements TenantContents, AutoCloseable {
  private final BatchStore store;
  private final BatchRunner runner;
  private final OpenAiBatches api;

  /**
   * @param secret random bytes that all gateways share
   * @param ready whether tenants and keys are known
   */
  BatchJobs(
      GatewayConfig.Batches config,
      TenantDatabase database,
      byte[] secret,
      RestEdge edge,
      Dispatcher dispatcher,
      ForeignIds foreign,
      Tenants tenants,
      BooleanSupplier ready,
      InstantSource clock) {
    this.store = new PostgresBatchStore(database, secret);
    BatchSettings settings = settings(config);
    this.runner =
        new BatchRunner(
            store,
            new OpenAiLines(edge.intake(), dispatcher, tenants, ready, clock),
            settings,
            clock,
            "gateway-" + RequestId.random());
    this.api = new OpenAiBatches(edge, store, settings, foreign, clock);
  }

  private static BatchSettings settings(GatewayConfig.Batches config) {
    BatchSettings defaults = BatchSettings.DEFAULTS;
    return new BatchSettings(
        config.fileBytesMax(),
        config.linesMax(),
        config.filesMax(),
        config.bytesMax(),
        config.unfinishedMax(),
        config.linesAtOnce(),
        config.jobsAtOnce(),
        defaults.window(),
        defaults.retention(),
        defaults.poll(),
        defaults.lease());
  }

  void mount(Router router) {
    api.mount(router);
    runner.start();
  }

  @Override
  public void erase(TenantId tenant) {
    store.erase(tenant);
  }

  BatchRunner runner() {
    return runner;
  }

  @Override
  public void close() {
    runner.close();
  }
}
