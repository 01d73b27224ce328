package dev.cofferdam.metering.focus;

/** An export in the making. Belongs to one thread. */
public interface FocusFile extends AutoCloseable {
  /** Adds a row. */
  void add(FocusRow row);

  /** The whole file; nothing is added after it. */
  byte[] finish();

  @Override
  void close();
}
