package dev.cofferdam.load.report;

import java.io.IOException;
import java.nio.file.Path;

/** What a drive of the mesh found out. */
public interface Findings {
  /** Whether the mesh kept what it was held to. */
  boolean kept();

  /** The summary for a terminal. */
  String text();

  /**
   * Writes a page and the figures into a folder, which is made where it is not there.
   *
   * @return the page's file
   */
  Path write(Path folder) throws IOException;
}
