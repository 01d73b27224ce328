package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.ClassQueues;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.admission.Waiting;
import dev.cofferdam.scheduler.fairness.FairQueue;
import dev.cofferdam.scheduler.fairness.OutputForecast;
import dev.cofferdam.scheduler.fairness.TokenWeights;
import dev.cofferdam.scheduler.ledger.Lease;
import dev.cofferdam.scheduler.ledger.Served;
import dev.cofferdam.vocabulary.Operation;

/**
 * Charges virtual time: an estimate when a request is granted, what goes beyond it as it is served,
 * and the rest back when it ends. In the end a tenant has paid exactly what it was served.
 *
 * <p>Input that is computed again because a worker was lost is not the tenant's to pay.
 *
 * <p>Not thread-safe.
 */
final class Charging {
  private static final double COST_MIN = 1;

  private final TokenWeights weights;
  private final ClassQueues queues;
  private final OutputForecast forecast;

  Charging(TokenWeights weights, ClassQueues queues, OutputForecast forecast) {
    this.weights = weights;
    this.queues = queues;
    this.forecast = forecast;
  }

  /** What a request will probably cost on its best candidate; never below one weighted token. */
  double estimate(PoolRequest request) {
    int cachedTokens =
        request.candidates().isEmpty() ? 0 : request.candidates().getFirst().cachedTokens();
    double expected =
        forecast.expected(tenant(request), request.outputTokensMax()) - request.generatedTokens();
    double output = Math.max(request.operation().outputTokensMin(), expected);
    int cached = Math.min(cachedTokens, request.promptTokens());
    double cost =
        request.lostItsWorker()
            ? weights.cost(0, 0, output)
            : weights.cost(request.promptTokens() - cached, cached, output);
    return Math.max(COST_MIN, cost);
  }

  /** What was served costs. */
  double cost(PoolRequest request, Served served) {
    return request.lostItsWorker()
        ? weights.cost(0, 0, served.outputTokens())
        : weights.cost(served.prefillTokens(), served.cachedTokens(), served.outputTokens());
  }

  /** Takes a report of what was served, and charges what goes beyond the charge so far. */
  void report(Lease lease, Served served, long nowMs) {
    double before = cost(lease.request(), lease.served());
    lease.report(served, nowMs);
    double now = cost(lease.request(), lease.served());
    queue(lease).served(lease.flow(), Math.min(now, lease.charged()) - before);
    if (now > lease.charged()) {
      queue(lease).charge(lease.flow(), now - lease.charged());
      lease.charged(now);
    }
  }

  /**
   * A request ended normally: its output, where it had one to have, makes the next forecast better.
   */
  void learn(Lease lease) {
    if (lease.request().operation() == Operation.EMBED) {
      return;
    }
    forecast.observe(
        tenant(lease.request()), lease.request().generatedTokens() + lease.served().outputTokens());
  }

  /** The lease is over: what was charged and not served goes back. */
  void settle(Lease lease) {
    queue(lease).giveBack(lease.flow(), takeUnserved(lease));
    if (!lease.suspended()) {
      queue(lease).release(lease.flow());
    }
    queues.unpark(tenant(lease.request()));
  }

  /** What a lease was charged beyond what it was served; from now on it was not. */
  double takeUnserved(Lease lease) {
    double served = cost(lease.request(), lease.served());
    double unserved = lease.charged() - served;
    lease.charged(served);
    return unserved;
  }

  /** What a request that has run will probably cost from here on. */
  double remaining(Lease lease) {
    return Math.max(COST_MIN, estimate(lease.request()) - cost(lease.request(), lease.served()));
  }

  private FairQueue<Waiting> queue(Lease lease) {
    return queues.of(lease.request().workloadClass());
  }

  private static String tenant(PoolRequest request) {
    return request.tenant().value();
  }
}
