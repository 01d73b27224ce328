package dev.cofferdam.mesh;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that are read again within a second when one of them changes. What was read before stays in
 * force while they cannot be used.
 */
final class ReloadedFiles implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(ReloadedFiles.class);
  private static final long RELOAD_MS = 1_000;

  private final List<Path> files;
  private final Loader loader;
  private final Future<?> watch;
  private List<FileTime> read;
  private String complaint = "";

  /** Reads the files and puts in force what they hold. */
  interface Loader {
    /**
     * @throws GeneralSecurityException where they hold something that cannot be used
     */
    void load() throws IOException, GeneralSecurityException;
  }

  /**
   * Reads the files.
   *
   * @param reloader where they are read again; stays the caller's
   */
  ReloadedFiles(List<Path> files, Loader loader, ScheduledExecutorService reloader)
      throws IOException, GeneralSecurityException {
    this.files = files;
    this.loader = loader;
    this.read = version();
    loader.load();
    this.watch =
        reloader.scheduleWithFixedDelay(this::look, RELOAD_MS, RELOAD_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    watch.cancel(false);
  }

  private void look() {
    try {
      List<FileTime> now = version();
      if (!now.equals(read)) {
        loader.load();
        read = now;
        LOG.info("took over what is in {}", files);
      }
      complaint = "";
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      complain(e.toString());
    }
  }

  /** Once for as long as nothing changes. */
  private void complain(String failure) {
    if (!failure.equals(complaint)) {
      complaint = failure;
      LOG.warn("what is in {} now was not taken over: {}", files, failure);
    }
  }

  private List<FileTime> version() throws IOException {
    List<FileTime> times = new ArrayList<>();
    for (Path file : files) {
      times.add(Files.getLastModifiedTime(file));
    }
    return times;
  }
}
