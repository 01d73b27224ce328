package dev.cofferdam.metering.budget;

import java.util.List;

/** The marks that were passed, each kept once for its period, whatever restarts. */
public interface Marks {
  /**
   * Keeps those that are not kept yet.
   *
   * @return all that were kept and not told
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  List<Mark> keep(List<Mark> passed);

  /**
   * Notes that one was told.
   *
   * @throws dev.cofferdam.mesh.store.StoreUnavailableException where the store is away
   */
  void told(Mark mark);
}
