package dev.cofferdam.worker.execution.cuda.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import jcuda.driver.JCudaDriver;

/**
 * Loads JCuda's native part from a private folder. JCuda itself would take any file of the right
 * name that lies in the folder for temporary files, where others may have put it.
 */
final class JCudaLibrary {
  private static final String TEMPORARY = "java.io.tmpdir";

  private JCudaLibrary() {}

  /** Loads it, once for the process. */
  static synchronized void load() {
    String before = System.getProperty(TEMPORARY);
    Path folder = privateFolder();
    try {
      System.setProperty(TEMPORARY, folder.toString());
      JCudaDriver.setExceptionsEnabled(false); // loads it
    } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
      throw new CudaUnavailableException("JCuda cannot be loaded: " + e.getMessage(), e);
    } finally {
      System.setProperty(TEMPORARY, before);
      delete(folder);
    }
  }

  private static Path privateFolder() {
    try {
      return Files.createTempDirectory("cofferdam-jcuda"); // 0700
    } catch (IOException e) {
      throw new CudaUnavailableException("no folder for JCuda's library: " + e.getMessage(), e);
    }
  }

  /** The library stays mapped. */
  private static void delete(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new CudaUnavailableException("JCuda's library: " + e.getMessage(), e);
    }
  }
}
