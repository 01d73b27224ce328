package dev.cofferdam.worker.batching;

/** Divides a time among parts so that the shares add up to it exactly. */
final class ComputeShares {
  private final long total;
  private final long parts;
  private long given;
  private long seen;

  /**
   * @param total what is divided, not negative
   * @param parts sum of all parts, at least 1
   */
  ComputeShares(long total, long parts) {
    this.total = total;
    this.parts = parts;
  }

  /** The share of the next {@code part}: rounding errors are carried on to the next. */
  long next(long part) {
    seen += part;
    long share = Math.multiplyExact(total, seen) / parts - given;
    given += share;
    return share;
  }
}
