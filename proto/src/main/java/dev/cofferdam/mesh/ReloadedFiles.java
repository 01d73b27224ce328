package dev.cofferdam.mesh;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
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
  private List<ByteBuffer> read;
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
      List<ByteBuffer> now = version();
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

  /** Of what they hold: a file's time stays where two writes follow within a clock's tick. */
  private List<ByteBuffer> version() throws IOException, GeneralSecurityException {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    List<ByteBuffer> digests = new ArrayList<>();
    for (Path file : files) {
      digests.add(ByteBuffer.wrap(sha256.digest(Files.readAllBytes(file))));
    }
    return digests;
  }
}
