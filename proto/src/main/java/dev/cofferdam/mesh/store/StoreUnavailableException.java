package dev.cofferdam.mesh.store;

/** The store cannot be reached, or failed in a way that another try may mend. */
public final class StoreUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param cause the driver's failure
   */
  public StoreUnavailableException(Throwable cause) {
    super("the store is not available", cause);
  }
}
