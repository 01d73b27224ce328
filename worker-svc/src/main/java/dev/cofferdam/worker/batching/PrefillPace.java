package dev.cofferdam.worker.batching;

/**
 * How many rows of prompts a step takes beside others' next tokens. Steps with prompts in them take
 * on average at most so many times what the decodes alone would take, as measured. The time that
 * steps without prompts leave unused is saved up to one full step's worth. Prompts that it is
 * enough for run at once; longer ones are spread out evenly from their first row on, so that no
 * step beside them is much longer than the others.
 *
 * <p>What is saved is everybody's: tenants with many prompts have always used it up. So one that
 * has less than its share of the batch may go into debt by another full step's worth, which those
 * with many prompts pay back before they go on.
 */
final class PrefillPace {
  /** Part of the allowed time that is planned with; steps differ. */
  private static final double PLANNED = 0.7;

  /** Rows that prompts get to find out what a row costs. */
  private static final int ROWS_FIRST = 8;

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
   * Rows of prompts for the next step; none once, where it is not known yet what decodes take.
   *
   * @param decodes sequences that get their next token in it
   * @param room rows that the step has left
   * @param promptRows what the prompts under way need from their beginning to their end
   */
  int rows(int decodes, int room, int promptRows) {
    if (decodes == 0 || slack == Double.POSITIVE_INFINITY) {
      return room;
    }
    if (decodeNs == 0) {
      return 0;
    }
    if (rowNs == 0) {
      return Math.min(room, ROWS_FIRST);
    }
    double rows = within(savedNs / rowNs, promptRows);
    return (int) Math.min(room, Math.max(ROWS_MIN, rows));
  }

  /**
   * Rows of a short prompt of a tenant that has less than its share, in a step with decodes; what
   * it is given comes off what {@link #rows} allows.
   *
   * @param room rows that the step has left
   * @param given rows that others like it get in the step
   * @param promptRows what it needs from its beginning to its end
   * @param rowsLeft what it needs still
   */
  int rowsOnDebt(int room, int given, int promptRows, int rowsLeft) {
    if (rowNs == 0 || promptRows > rowsMax) {
      return 0;
    }
    double rows = within(savedNs / rowNs + rowsMax - given, rowsLeft);
    return (int) Math.max(0, Math.min(Math.min(room, rowsLeft), rows));
  }

  /** All rows where there is time for them, else what can go on like that. */
  private double within(double allowed, int wanted) {
    return wanted <= allowed ? wanted : Math.min(allowed, Math.rint(slack * decodeNs / rowNs));
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
      // What a step took beyond that by accident is made up for as far as a step of decodes takes.
      savedNs -= Math.min(more, prefillRows * rowNs + decodeNs);
    }
    double fullStepNs = rowsMax * rowNs;
    savedNs = Math.clamp(savedNs + slack * decodeNs, -Math.max(decodeNs, fullStepNs), fullStepNs);
  }
}
