package dev.cofferdam.router.fleet;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The live workers. A worker is live while its announcement stream is open and was heard of within
 * the heartbeat's timeout. Thread-safe; time comes in as a parameter.
 */
public final class Fleet {
  private final long silenceMsMax;
  private final int workersMax;
  private final Map<String, Entry> workers = new TreeMap<>();

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
   * @return false where an announcement of a later incarnation is known, or the fleet is full
   */
  public synchronized boolean join(Worker worker, long session, long nowMs) {
    Entry known = workers.get(worker.id());
    if (known == null && workers.size() >= workersMax) {
      return false;
    }
    if (known != null && known.worker.incarnation() > worker.incarnation()) {
      return false;
    }
    workers.put(worker.id(), new Entry(worker, session, nowMs));
    return true;
  }

  /** A worker tells its load; ignored from a session that is void. */
  public synchronized void load(String workerId, long session, WorkerLoad load, long nowMs) {
    Entry known = workers.get(workerId);
    if (known != null && known.session == session) {
      workers.put(workerId, new Entry(known.worker.with(load), session, nowMs));
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
}
