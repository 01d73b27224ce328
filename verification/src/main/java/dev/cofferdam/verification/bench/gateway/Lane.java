package dev.cofferdam.verification.bench.gateway;

import java.io.Closeable;
import java.io.IOException;

/** One client that asks one request at a time. */
interface Lane extends Closeable {
  /** Asks once and takes the whole answer. */
  void ask() throws IOException;

  /** Opens a client by its number, from 0 on. */
  @FunctionalInterface
  interface Opener {
    /** Opens it. */
    Lane open(int number) throws IOException;
  }
}
