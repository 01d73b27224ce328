package dev.cofferdam.router.routing;

import dev.cofferdam.router.fleet.Seat;

/** One reason to prefer a worker. A scorer that has no data answers {@link #NEUTRAL}. */
interface Scorer {
  /** Neither for nor against. */
  double NEUTRAL = 0.5;

  /** Name in explanations. */
  String name();

  /**
   * Score of a worker for a request, in [0, 1].
   *
   * @param cachedTokens input tokens that the worker is believed to hold
   */
  double score(Seat seat, int cachedTokens, RequestView request);

  /** The reason for the score: a few words for an operator, without content. */
  String reason(Seat seat, int cachedTokens, RequestView request);

  /**
   * What scorers see of a request.
   *
   * @param envelope the request
   * @param adapterKey "model/adapter version", empty for the base model
   * @param lastWorker worker that last served the tenant, empty for none
   */
  record RequestView(Envelope envelope, String adapterKey, String lastWorker) {}
}
