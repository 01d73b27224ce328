package dev.cofferdam.mesh.kafka;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that takes up room on a disk, to be given up when the disk is full. Not thread-safe; the
 * {@link Spool} holds its lock.
 */
final class SpoolReserve {
  private static final Logger LOG = LoggerFactory.getLogger(SpoolReserve.class);
  private static final int CHUNK_BYTES = 64 << 10;

  private final Path file;
  private final long bytes;
  private boolean held;

  SpoolReserve(Path file, long bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  boolean held() {
    return held;
  }

  /** Takes the room; false where the disk does not have it, and as much for others. */
  boolean fill() {
    if (!roomy()) {
      return false;
    }
    // Of chance, as some file systems store repeated bytes in no room.
    SplittableRandom random = new SplittableRandom();
    byte[] chunk = new byte[CHUNK_BYTES];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long left = bytes; left > 0; left -= CHUNK_BYTES) {
        random.nextBytes(chunk);
        out.write(chunk, 0, (int) Math.min(left, CHUNK_BYTES));
      }
      held = true;
    } catch (IOException e) {
      LOG.debug("no room for the spool's reserve: {}", e.toString());
      delete();
    }
    return held;
  }

  /** Whether as much again would be left for others; true where nobody knows. */
  private boolean roomy() {
    try {
      long usable = Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace();
      return usable <= 0 || usable >= 2 * bytes;
    } catch (IOException e) {
      return true;
    }
  }

  /** Gives the room up; false where it was given up before. */
  boolean release() {
    boolean had = held;
    if (had) {
      LOG.warn("the spool's disk is full: what is kept from now on lives on its reserve");
      delete();
    }
    return had;
  }

  private void delete() {
    held = false;
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.warn("cannot remove the spool's reserve: {}", e.toString());
    }
  }
}
