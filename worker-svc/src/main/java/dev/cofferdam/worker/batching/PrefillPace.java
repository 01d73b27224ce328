package dev.cofferdam.worker.batching;

/**
 * How many rows of prompts a step takes beside others' next tokens. Steps with prompts in them take
 * on average at most so many times what the decodes alone would take, as measured; the time that
 * steps without prompts leave unused is saved up to one full step's worth, so that a short prompt
 * runs at once and only a long one is spread out.
 */
final class PrefillPace {
  /** Part of the allowed time that is planned with; steps differ. */
  private static final double PLANNED = 0.8;

  /** Rows that prompts get whatever they cost, so that they end. */
  private static final int ROWS_MIN = 2;

  /** Share of a new measurement in an average. */
  private static final double NEWS = 0.1;

  private final int rowsMax;
  private final double slack;
  private double decodeNs;
  private double rowNs;
  private double savedNs;

  /**
   * @param rowsMax most rows of a step
   * @param slowdownMax what others' time per output token may become, at least 1; infinite: no
   *     bound
   */
  PrefillPace(int rowsMax, double slowdownMax) {
    this.rowsMax = rowsMax;
    this.slack = PLANNED * (slowdownMax - 1);
  }

  /**
   * Rows of prompts for the next step.
   *
   * @param decodes sequences that get their next token in it
   * @param room rows that the step has left
   */
  int rows(int decodes, int room) {
    if (decodes == 0 || rowNs == 0 || slack == Double.POSITIVE_INFINITY) {
      return room;
    }
    return (int) Math.min(room, Math.max(ROWS_MIN, savedNs / rowNs));
  }

  /** Takes note of what a step took. */
  void settled(int decodes, int prefillRows, long busyNs) {
    if (decodes == 0) {
      return;
    }
    if (prefillRows == 0) {
      decodeNs += (decodeNs == 0 ? 1 : NEWS) * (busyNs - decodeNs);
    } else if (decodeNs > 0) {
      double more = Math.max(0, busyNs - decodeNs);
      rowNs += (rowNs == 0 ? 1 : NEWS) * (more / prefillRows - rowNs);
      savedNs -= more;
    }
    savedNs = Math.clamp(savedNs + slack * decodeNs, -decodeNs, rowsMax * rowNs);
  }
}
