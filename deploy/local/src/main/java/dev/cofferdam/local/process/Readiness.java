package dev.cofferdam.local.process;

/** Tells whether a component serves. */
@FunctionalInterface
public interface Readiness {
  /**
   * Tries once, without waiting long.
   *
   * @throws Exception where it does not serve, saying why
   */
  void check() throws Exception;
}
