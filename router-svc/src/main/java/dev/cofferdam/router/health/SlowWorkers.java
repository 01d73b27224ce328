package dev.cofferdam.router.health;

import dev.cofferdam.vocabulary.TenantId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Finds workers whose output tokens take much longer than those of their peers, the other workers
 * that serve the same model in the same pool: a machine that is throttled, a neighbour on its
 * memory. All of a pool being slow is load, and nobody's fault.
 *
 * <p>Peers are compared at intervals, a host that stands out in several of them is an outlier, and
 * only a share of the peers may be out, as in Envoy's outlier detection by success rate ({@code
 * envoyproxy.io}, "Outlier detection"). Its mean less a multiple of the standard deviation is not
 * taken: an outlier among few hosts widens the deviation so much that it hides itself. A worker is
 * held against the median of its peers instead, itself left out (F. Hampel, "The Influence Curve
 * and Its Role in Robust Estimation", JASA 1974).
 *
 * <p>A worker's figure is the lower median of its tenants' medians: where it serves several, one of
 * them, who may read slowly on purpose, makes it neither look slow nor fast to the others.
 *
 * <p>Not thread-safe.
 */
final class SlowWorkers {
  private static final int WORKERS_MAX = 20_000;

  private final Settings settings;
  private final Map<Seat, Samples> seats =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Seat, Samples> eldest) {
          return size() > WORKERS_MAX;
        }
      };
  private long nextSweepMs;

  /**
   * When a worker is an outlier.
   *
   * @param samplesMin from how many requests of the window on it has a figure
   * @param workersMin from how many workers with a figure on they are compared
   * @param ratioMax times the median of its peers above which it stands out
   * @param ratioBack times that below which it does not stand out any more
   * @param excessMsMin milliseconds above that median that it must be at least
   * @param shareMax share of the peers that may be ejected at once, whatever for; one may always
   * @param sweeps in how many comparisons, without fitting in between
   * @param sweepMs from one comparison to the next
   * @param windowMs requests that ended before that do not count
   */
  public record Settings(
      int samplesMin,
      int workersMin,
      double ratioMax,
      double ratioBack,
      double excessMsMin,
      double shareMax,
      int sweeps,
      long sweepMs,
      long windowMs) {
    /** Three times as slow as the others of three or more, twice within 5 s. */
    public static final Settings DEFAULT = new Settings(8, 3, 3, 2, 10, 1 / 3.0, 2, 5_000, 30_000);
  }

  /**
   * Workers that are compared.
   *
   * @param pool their pool
   * @param model the model that they serve
   */
  public record Peers(String pool, String model) {}

  private record Seat(Peers peers, String workerId) {}

  /**
   * A worker that stands out.
   *
   * @param workerId the worker
   * @param tokenMs milliseconds from one output token to the next there
   * @param peersTokenMs median of those of its peers
   */
  record Outlier(String workerId, double tokenMs, double peersTokenMs) {}

  /** A worker in a comparison. */
  private record Figure(Seat seat, Samples samples, double tokenMs) {}

  SlowWorkers(Settings settings) {
    this.settings = settings;
  }

  /** A request was served by a worker, with so many milliseconds from one token to the next. */
  void add(
      Peers peers, String workerId, TenantId tenant, boolean shared, double tokenMs, long nowMs) {
    seats
        .computeIfAbsent(new Seat(peers, workerId), unused -> new Samples(settings.windowMs()))
        .add(tenant, shared, tokenMs, nowMs);
  }

  /** A worker begins anew, with no figure; it stays one of its peers. */
  void forget(String workerId) {
    seats.replaceAll(
        (seat, samples) ->
            seat.workerId.equals(workerId) ? new Samples(settings.windowMs()) : samples);
  }

  /**
   * Compares all workers, where it is time.
   *
   * @param ejected workers that are ejected already; they are nobody's peers
   * @return those to be ejected
   */
  List<Outlier> sweep(long nowMs, Predicate<String> ejected) {
    if (nowMs < nextSweepMs) {
      return List.of();
    }
    nextSweepMs = nowMs + settings.sweepMs();
    seats
        .entrySet()
        .removeIf(e -> e.getValue().count(nowMs) == 0 && !ejected.test(e.getKey().workerId));
    Map<Peers, List<Figure>> groups = new LinkedHashMap<>();
    seats.forEach(
        (seat, samples) -> {
          if (!ejected.test(seat.workerId) && samples.count(nowMs) >= settings.samplesMin()) {
            samples
                .tokenMs(nowMs)
                .ifPresent(
                    ms ->
                        groups
                            .computeIfAbsent(seat.peers, unused -> new ArrayList<>())
                            .add(new Figure(seat, samples, ms)));
          }
        });
    List<Outlier> outliers = new ArrayList<>(0);
    groups.forEach((peers, figures) -> compare(peers, figures, ejected, outliers));
    return outliers;
  }

  private void compare(
      Peers peers, List<Figure> figures, Predicate<String> ejected, List<Outlier> outliers) {
    if (figures.size() < settings.workersMin()) {
      return;
    }
    figures.sort(Comparator.comparingDouble(Figure::tokenMs));
    List<Seat> known = seats.keySet().stream().filter(s -> s.peers.equals(peers)).toList();
    long out = known.stream().filter(seat -> ejected.test(seat.workerId)).count();
    long free = Math.max(1, (long) (settings.shareMax() * known.size() + 1e-9)) - out;
    for (int i = figures.size() - 1; i >= 0; i--) {
      Figure figure = figures.get(i);
      double others = medianWithout(figures, i);
      boolean apart = figure.tokenMs - others >= settings.excessMsMin();
      if (apart && figure.tokenMs > settings.ratioMax() * others) {
        figure.samples.standsOut();
      } else if (!apart || figure.tokenMs < settings.ratioBack() * others) {
        figure.samples.fitsIn();
      }
      if (figure.samples.stoodOut() >= settings.sweeps() && free > 0) {
        free--;
        outliers.add(new Outlier(figure.seat.workerId, figure.tokenMs, others));
      }
    }
  }

  /** The median of all but one of at least two figures, which are in order. */
  private static double medianWithout(List<Figure> figures, int left) {
    int others = figures.size() - 1;
    return (without(figures, left, (others - 1) / 2) + without(figures, left, others / 2)) / 2;
  }

  private static double without(List<Figure> figures, int left, int index) {
    return figures.get(index < left ? index : index + 1).tokenMs;
  }
}
