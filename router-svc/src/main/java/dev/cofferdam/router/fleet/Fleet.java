package dev.cofferdam.router.fleet;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The live workers. A worker is live while its announcement stream is open and was heard of within
 * the heartbeat's timeout. Thread-safe; time comes in as a parameter.
 */
public final class Fleet {
  private final long silenceMsMax;
  private final int workersMax;
  private final Map<String, Entry> workers = new TreeMap<>();
  private final BitSet numbers = new BitSet();

  /** Null where somebody came or went since it was made. */
  private volatile @Nullable FleetView view;

  /**
   * @param silenceMsMax a worker that said nothing for longer is not live
   * @param workersMax bound of the fleet; further workers are refused
   */
  public Fleet(long silenceMsMax, int workersMax) {
    this.silenceMsMax = silenceMsMax;
    this.workersMax = workersMax;
  }

  private record Entry(Worker worker, long session, long heardMs) {}

  /**
   * A worker begins a session; an older session of the same worker is void.
   *
   * @return the worker's number in the fleet, kept over its sessions; empty where an announcement
   *     of a later incarnation is known, or the fleet is full
   */
  public synchronized OptionalInt join(Worker worker, long session, long nowMs) {
    Entry known = workers.get(worker.id());
    if (known == null && workers.size() >= workersMax) {
      return OptionalInt.empty();
    }
    if (known != null && known.worker.incarnation() > worker.incarnation()) {
      return OptionalInt.empty();
    }
    int number = known == null ? numbers.nextClearBit(0) : known.worker.number();
    numbers.set(number);
    workers.put(worker.id(), new Entry(worker.numbered(number), session, nowMs));
    view = null;
    return OptionalInt.of(number);
  }

  /** A worker tells its load; ignored from a session that is void. */
  public synchronized void load(String workerId, long session, WorkerLoad load, long nowMs) {
    Entry known = workers.get(workerId);
    if (known != null && known.session == session) {
      Worker next = known.worker.with(load);
      workers.put(workerId, new Entry(next, session, nowMs));
      FleetView current = view;
      if (current != null) {
        current.put(next, nowMs);
      }
    }
  }

  /**
   * A session ended.
   *
   * @return whether it was the worker's current one, so that the worker is gone
   */
  public synchronized boolean leave(String workerId, long session) {
    Entry known = workers.get(workerId);
    if (known == null || known.session != session) {
      return false;
    }
    workers.remove(workerId);
    numbers.clear(known.worker.number());
    view = null;
    return true;
  }

  /** Whether a session is its worker's current one. */
  public synchronized boolean isCurrent(String workerId, long session) {
    Entry known = workers.get(workerId);
    return known != null && known.session == session;
  }

  /** Live workers, by id. */
  public synchronized List<Worker> live(long nowMs) {
    return workers.values().stream()
        .filter(e -> nowMs - e.heardMs <= silenceMsMax)
        .map(Entry::worker)
        .toList();
  }

  /** The workers by model and pool, with the load that each told last. */
  public FleetView view() {
    FleetView current = view;
    return current != null ? current : viewAnew();
  }

  private synchronized FleetView viewAnew() {
    Map<String, Long> heardMs = new HashMap<>();
    workers.forEach((id, entry) -> heardMs.put(id, entry.heardMs));
    FleetView next =
        new FleetView(
            workers.values().stream().map(Entry::worker).toList(),
            heardMs,
            numbers.length(),
            silenceMsMax);
    view = next;
    return next;
  }
}
