package dev.cofferdam.router.fleet;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The workers of the fleet by model and pool. Who is in it never changes; how loaded they are is
 * what they said last.
 */
public final class FleetView {
  private final Map<String, List<PoolSeats>> byModel;
  private final int numbers;
  private final long silenceMsMax;

  /** The workers of a pool that serve a model. */
  public static final class PoolSeats {
    private final String pool;
    private final AtomicReferenceArray<Seat> seats;

    private PoolSeats(String pool, List<Seat> seats) {
      this.pool = pool;
      this.seats = new AtomicReferenceArray<>(seats.toArray(Seat[]::new));
    }

    /** The pool. */
    public String pool() {
      return pool;
    }

    /** How many there are. */
    public int size() {
      return seats.length();
    }

    /** One of them; they are in the order of their workers' ids. */
    public Seat seat(int index) {
      return seats.getAcquire(index);
    }
  }

  /**
   * Views workers.
   *
   * @param heardMs when each was last heard of, by id
   */
  FleetView(Iterable<Worker> workers, Map<String, Long> heardMs, int numbers, long silenceMsMax) {
    Map<String, Map<String, List<Seat>>> sorted = new TreeMap<>();
    for (Worker worker : workers) {
      for (String model : worker.models()) {
        sorted
            .computeIfAbsent(model, unused -> new TreeMap<>())
            .computeIfAbsent(worker.pool(), unused -> new ArrayList<>())
            .add(Seat.of(worker, model, heardMs.getOrDefault(worker.id(), 0L)));
      }
    }
    Map<String, List<PoolSeats>> models = new TreeMap<>();
    sorted.forEach(
        (model, pools) -> {
          List<PoolSeats> list = new ArrayList<>();
          pools.forEach(
              (pool, seats) -> {
                seats.sort(Comparator.comparing(seat -> seat.worker().id()));
                list.add(new PoolSeats(pool, seats));
              });
          models.put(model, list);
        });
    this.byModel = Map.copyOf(models);
    this.numbers = numbers;
    this.silenceMsMax = silenceMsMax;
  }

  /** A view in which these workers are live. */
  public static FleetView of(List<Worker> live) {
    return new FleetView(
        live,
        Map.of(),
        live.stream().mapToInt(worker -> worker.number() + 1).max().orElse(0),
        Long.MAX_VALUE);
  }

  /** The pools whose workers serve a model, by the pools' names, live or not. */
  public List<PoolSeats> serving(String model) {
    return byModel.getOrDefault(model, List.of());
  }

  /** Numbers of workers are below this. */
  public int numbers() {
    return numbers;
  }

  /** Whether a worker was heard of lately. */
  public boolean isLive(Seat seat, long nowMs) {
    return nowMs - seat.heardMs() <= silenceMsMax;
  }

  /** A worker was heard of. */
  void put(Worker worker, long heardMs) {
    for (String model : worker.models()) {
      for (PoolSeats pool : serving(model)) {
        if (pool.pool.equals(worker.pool())) {
          put(pool, Seat.of(worker, model, heardMs));
        }
      }
    }
  }

  private static void put(PoolSeats pool, Seat seat) {
    int low = 0;
    int high = pool.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = pool.seat(middle).worker().id().compareTo(seat.worker().id());
      if (order == 0) {
        pool.seats.setRelease(middle, seat);
        return;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
  }
}
