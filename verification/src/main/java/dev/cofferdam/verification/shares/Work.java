package dev.cofferdam.verification.shares;

import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Served;

/** A request on its way. */
final class Work {
  final String tenant;
  final PoolRequest request;
  final int output;
  final long arrivedUs;
  long grantedUs;
  long firstTokenUs;
  double startTag;
  int prefilled;
  int generated;
  boolean paused;

  Work(String tenant, PoolRequest request, int output, long arrivedUs) {
    this.tenant = tenant;
    this.request = request;
    this.output = output;
    this.arrivedUs = arrivedUs;
  }

  boolean done() {
    return generated == output;
  }

  Served served() {
    return new Served(prefilled, 0, generated, 0, 0);
  }
}
