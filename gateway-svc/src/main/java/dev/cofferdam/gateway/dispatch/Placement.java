package dev.cofferdam.gateway.dispatch;

import java.util.List;

/**
 * A worker that is leased to a request.
 *
 * @param workerId the worker
 * @param endpoint its host:port
 * @param adapterVersion version of the adapter, empty for the base model
 * @param pool its pool
 * @param queueWaitMs milliseconds that the request waited
 * @param explanation why this worker
 * @param grant the capability to be shown to the worker, as it was received
 */
public record Placement(
    String workerId,
    String endpoint,
    String adapterVersion,
    String pool,
    long queueWaitMs,
    List<String> explanation,
    byte[] grant) {

  public Placement {
    explanation = List.copyOf(explanation);
  }
}
