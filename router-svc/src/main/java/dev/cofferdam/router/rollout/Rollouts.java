package dev.cofferdam.router.rollout;

import dev.cofferdam.router.health.Attempt;
import dev.cofferdam.router.tenancy.Directory;
import dev.cofferdam.router.tenancy.Directory.OwnedAdapter;
import dev.cofferdam.router.tenancy.RolloutGates;
import dev.cofferdam.vocabulary.TenantId;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Watches running rollouts and says when one is to be rolled back. Every router sees the ends of
 * all attempts, so that each comes to the same verdict; the first to write it ends the rollout for
 * all. Thread-safe.
 */
public final class Rollouts {
  private static final int WATCHED_MAX = 10_000;

  private final Directory directory;
  private final Map<String, Watched> watched =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Watched> eldest) {
          return size() > WATCHED_MAX;
        }
      };

  private record Watched(String version, String current, RolloutGates gates, Watch watch) {}

  /**
   * A rollout is to be rolled back.
   *
   * @param tenant the adapter's owner
   * @param adapter the adapter's name
   * @param version the version that is to be withdrawn
   * @param reason why, for people
   */
  public record Verdict(TenantId tenant, String adapter, String version, String reason) {}

  public Rollouts(Directory directory) {
    this.directory = directory;
  }

  /**
   * An attempt ended.
   *
   * @return a verdict, again with each attempt until the rollout ends
   */
  public synchronized Optional<Verdict> observe(Attempt attempt, long nowMs) {
    if (attempt.adapter().isEmpty() || attempt.outcome() == Attempt.Outcome.CANCELLED) {
      return Optional.empty();
    }
    Optional<OwnedAdapter> adapter = directory.adapter(attempt.tenant(), attempt.adapter());
    Optional<Directory.Rollout> rollout =
        adapter.flatMap(OwnedAdapter::rollout).filter(Directory.Rollout::running);
    String key = attempt.tenant() + "/" + attempt.adapter();
    if (rollout.isEmpty()) {
      watched.remove(key);
      return Optional.empty();
    }
    String current = adapter.get().version();
    String candidate = rollout.get().version();
    boolean ofCandidate = attempt.adapterVersion().equals(candidate);
    if (!ofCandidate && !attempt.adapterVersion().equals(current)) {
      return Optional.empty();
    }
    Watch watch = watch(key, current, rollout.get());
    watch.observe(ofCandidate, attempt.failed(), attempt.prefillMs(), nowMs);
    return watch
        .breach(nowMs)
        .map(reason -> new Verdict(attempt.tenant(), attempt.adapter(), candidate, reason));
  }

  private Watch watch(String key, String current, Directory.Rollout rollout) {
    Watched known = watched.get(key);
    if (known == null
        || !known.version.equals(rollout.version())
        || !known.current.equals(current)
        || !known.gates.equals(rollout.gates())) {
      known = new Watched(rollout.version(), current, rollout.gates(), new Watch(rollout.gates()));
      watched.put(key, known);
    }
    return known.watch;
  }
}
