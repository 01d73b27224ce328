package dev.cofferdam.scheduler.shard;

import dev.cofferdam.scheduler.admission.AttemptKey;
import dev.cofferdam.scheduler.admission.PoolRequest;
import dev.cofferdam.scheduler.ledger.Lease;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Attempts whose worker's session ended while they ran, until it is known what to bill. The next
 * attempt of the request tells what the client got; a worker that comes back with the attempt still
 * running, or in the same incarnation without it, bills itself; after the window the last progress
 * counts.
 *
 * <p>Not thread-safe.
 */
final class LostAttempts {
  private final long windowMs;
  private final Map<AttemptKey, Lost> lost = new LinkedHashMap<>();

  /**
   * @param lease what it held
   * @param incarnation of the worker that was lost
   */
  record Lost(Lease lease, long incarnation, long lostMs) {}

  LostAttempts(long windowMs) {
    this.windowMs = windowMs;
  }

  int size() {
    return lost.size();
  }

  void add(Lease lease, long incarnation, long nowMs) {
    lost.put(lease.key(), new Lost(lease, incarnation, nowMs));
  }

  Optional<Lost> take(AttemptKey key) {
    return Optional.ofNullable(lost.remove(key));
  }

  /** Takes those of a worker that came back in the same incarnation. */
  List<Lost> takeOf(String workerId, long incarnation) {
    return takeIf(l -> l.lease.workerId().equals(workerId) && l.incarnation == incarnation);
  }

  /** Takes those whose window is over. */
  List<Lost> takeExpired(long nowMs) {
    return takeIf(l -> nowMs - l.lostMs >= windowMs);
  }

  private List<Lost> takeIf(java.util.function.Predicate<Lost> condition) {
    List<Lost> taken = new ArrayList<>();
    lost.values()
        .removeIf(
            l -> {
              boolean hit = condition.test(l);
              if (hit) {
                taken.add(l);
              }
              return hit;
            });
    return taken;
  }

  /**
   * The usage of a lost attempt.
   *
   * @param generatedTokens output tokens of the whole request that the client had when the next
   *     attempt was placed; null where there is none
   */
  static PoolEffect.AttemptLost usage(Lease lease, @Nullable Integer generatedTokens, long nowMs) {
    PoolRequest request = lease.request();
    long output =
        generatedTokens == null
            ? lease.served().outputTokens()
            : Math.max(0, generatedTokens - request.generatedTokens());
    // An attempt that reads the input again may bill it, too: the ledger does so once.
    boolean readPrompt = request.generatedTokens() == 0 && (lease.started() || output > 0);
    long prompt = readPrompt ? request.promptTokens() : 0;
    return new PoolEffect.AttemptLost(
        request,
        lease.workerId(),
        lease.served(),
        prompt,
        Math.min(prompt, lease.served().cachedTokens()),
        output,
        lease.queueWaitMs(),
        lease.prefillMs(),
        lease.decodeMs(),
        nowMs);
  }
}
