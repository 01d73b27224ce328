package dev.cofferdam.mesh.store;

/** Another member has claimed a partition of the batch since. */
public final class StaleClaimException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param partition whose claim is no longer held
   */
  public StaleClaimException(int partition) {
    super("partition " + partition + " is somebody else's now");
  }
}
