package dev.cofferdam.mesh.store;

/** The store refuses rows for their data, and will again. */
public final class UnstorableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param sqlState the store's code of the reason
   */
  public UnstorableException(String sqlState) {
    super("the store refuses the data: " + sqlState);
  }
}
