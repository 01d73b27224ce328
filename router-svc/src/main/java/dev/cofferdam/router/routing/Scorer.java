package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Worker;

/** One reason to prefer a worker. A scorer that has no data answers {@link #NEUTRAL}. */
interface Scorer {
  /** Neither for nor against. */
  double NEUTRAL = 0.5;

  /** Name in explanations. */
  String name();

  /** Score of a worker for a request. */
  Score score(Worker worker, RequestView request);

  /**
   * A score.
   *
   * @param value in [0, 1]
   * @param reason a few words for an operator, without content
   */
  record Score(double value, String reason) {}

  /**
   * What scorers see of a request.
   *
   * @param envelope the request
   * @param adapterKey "model/adapter version", empty for the base model
   * @param cachedTokens input tokens that the worker is believed to hold
   * @param lastWorker worker that last served the tenant, empty for none
   */
  record RequestView(Envelope envelope, String adapterKey, int cachedTokens, String lastWorker) {}
}
