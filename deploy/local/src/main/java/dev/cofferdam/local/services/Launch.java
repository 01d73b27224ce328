package dev.cofferdam.local.services;

import java.util.Locale;

/** What the processes of services run. */
public enum Launch {
  /** The JVM, with a service's AOT cache where there is one. */
  CACHED,
  /** The JVM without AOT caches. */
  JVM,
  /** The JVM, which notes while it runs what an AOT cache is made of. */
  RECORDING,
  /** A service's native executable where it is built; the others as {@link #CACHED}. */
  NATIVE;

  /** The system property by which tests and benchmarks choose: {@code cached}, {@code native}. */
  public static final String PROPERTY = "cofferdam.launch";

  /**
   * What the system property says; {@link #CACHED} where it is not set.
   *
   * @throws IllegalArgumentException where it says something else
   */
  public static Launch chosen() {
    String name = System.getProperty(PROPERTY, CACHED.name());
    try {
      return valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          PROPERTY + ": " + name + " (expected: cached, jvm, recording or native)", e);
    }
  }
}
