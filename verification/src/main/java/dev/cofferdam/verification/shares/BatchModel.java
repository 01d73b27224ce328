package dev.cofferdam.verification.shares;

import dev.cofferdam.verification.simulation.VirtualTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A worker with continuous batching and chunked prefill: each step serves every sequence that
 * decodes, then prompts in the order of their virtual start tags, within 128 tokens. A step takes
 * as long as a memory-bound forward pass with some compute for each token: 20 ms, 0.05 ms for each
 * sequence that decodes, 0.1 ms for each token of a prompt.
 */
final class BatchModel {
  private static final int STEP_TOKENS_MAX = 128;
  private static final long STEP_US = 20_000;
  private static final long DECODE_US = 50;
  private static final long PREFILL_US = 100;

  private final VirtualTime time;
  private final BiConsumer<Work, Integer> served;
  private final Consumer<List<Work>> settled;
  private final List<Work> batch = new ArrayList<>();
  private boolean stepping;

  /**
   * @param served told of each piece of service: input tokens as they are, output tokens negative
   * @param settled told of everything that was in a step, after it
   */
  BatchModel(VirtualTime time, BiConsumer<Work, Integer> served, Consumer<List<Work>> settled) {
    this.time = time;
    this.served = served;
    this.settled = settled;
  }

  void add(Work work) {
    batch.add(work);
    batch.sort(Comparator.comparingDouble(w -> w.startTag));
    wake();
  }

  void paused(Work work, boolean paused) {
    work.paused = paused;
    wake();
  }

  List<Work> running() {
    return List.copyOf(batch);
  }

  private void wake() {
    if (!stepping && batch.stream().anyMatch(w -> !w.paused)) {
      stepping = true;
      step();
    }
  }

  private void step() {
    int budget = STEP_TOKENS_MAX;
    long us = STEP_US;
    List<Work> planned = new ArrayList<>();
    List<Integer> rows = new ArrayList<>();
    for (Work work : batch) {
      if (!work.paused && work.decodes()) {
        planned.add(work);
        rows.add(-1);
        budget--;
        us += DECODE_US;
      }
    }
    for (Work work : batch) {
      if (!work.paused && !work.decodes() && budget > 0) {
        int chunk = Math.min(budget, work.request.promptTokens() - work.prefilled);
        planned.add(work);
        rows.add(chunk);
        budget -= chunk;
        us += chunk * PREFILL_US;
      }
    }
    time.after(us, () -> settle(planned, rows));
  }

  private void settle(List<Work> planned, List<Integer> rows) {
    for (int i = 0; i < planned.size(); i++) {
      Work work = planned.get(i);
      int row = rows.get(i);
      if (row > 0) {
        work.prefilled += row;
        served.accept(work, row);
      }
      if (work.decodes()) {
        if (work.generated == 0) {
          work.firstTokenUs = time.nowUs();
        }
        work.generated++;
        served.accept(work, -1);
      }
    }
    batch.removeIf(Work::done);
    settled.accept(planned);
    stepping = false;
    wake();
  }
}
