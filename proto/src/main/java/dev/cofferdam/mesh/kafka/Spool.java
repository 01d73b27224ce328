package dev.cofferdam.mesh.kafka;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue on disk: append-only segment files, read in order, removed when everything in
 * them is acknowledged. What was appended survives a crash of the process; what was appended in the
 * last moments before a loss of power may be lost ({@link #force} narrows that). After a crash,
 * records may be read again that were acknowledged before: at least once. Beside its bound it holds
 * a {@link SpoolReserve}, so that on a full disk there is room for what ends what has begun.
 *
 * <p>Any number of threads append; one reads and acknowledges from wherever it likes.
 */
final class Spool implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
  private static final String SUFFIX = ".spool";
  private static final long RESERVE_BYTES_MAX = 4 << 20;

  private final Path folder;
  private final long bytesMax;
  private final long segmentBytesMax;
  private final FileChannel lockChannel;
  private final FileLock lock;
  private final TreeMap<Long, SpoolSegment> segments = new TreeMap<>();
  private final SpoolReserve reserve;
  private SpoolSegment active;
  private long read;
  private boolean closed;

  /**
   * A record that was read.
   *
   * @param segment where it lies; to be given back in {@link #ack}
   * @param number rises in the order of reading
   */
  record Entry(long segment, long number, SpooledRecord data) {}

  private Spool(
      Path folder, long bytesMax, long segmentBytesMax, FileChannel lockChannel, FileLock lock)
      throws IOException {
    this.folder = folder;
    this.bytesMax = bytesMax;
    this.segmentBytesMax = segmentBytesMax;
    this.lockChannel = lockChannel;
    this.lock = lock;
    this.reserve =
        new SpoolReserve(folder.resolve("reserve"), Math.min(bytesMax / 20, RESERVE_BYTES_MAX));
    recover();
    this.active = openActive();
    reserve.fill();
  }

  /**
   * Opens a folder as a spool and recovers what is in it.
   *
   * @param bytesMax bound of all segments together
   * @param segmentBytesMax size from which a new segment is begun
   * @throws IllegalStateException where another process uses the folder
   */
  static Spool open(Path folder, long bytesMax, long segmentBytesMax) throws IOException {
    Files.createDirectories(folder);
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw new IllegalStateException("the spool " + folder + " is used by another process");
      }
      return new Spool(folder, bytesMax, segmentBytesMax, channel, lock);
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new IllegalStateException("the spool " + folder + " is open already", e);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private void recover() throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> list = Files.list(folder)) {
      list.filter(f -> f.getFileName().toString().endsWith(SUFFIX)).sorted().forEach(files::add);
    }
    for (Path file : files) {
      String name = file.getFileName().toString();
      long number = Long.parseLong(name.substring(0, name.length() - SUFFIX.length()));
      SpoolSegment segment = SpoolSegment.open(number, file);
      if (segment.bytes() == 0) {
        segment.delete();
      } else {
        segments.put(number, segment);
      }
    }
  }

  private SpoolSegment openActive() throws IOException {
    long number = segments.isEmpty() ? 1 : segments.lastKey() + 1;
    SpoolSegment segment =
        SpoolSegment.open(number, folder.resolve(String.format("%016d%s", number, SUFFIX)));
    segments.put(number, segment);
    forceFolder();
    return segment;
  }

  /** So that a loss of power does not take a new segment's name from what was forced into it. */
  private void forceFolder() {
    try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
      names.force(true);
    } catch (IOException e) {
      // Not every file system can; what a crash of the process leaves behind is the same.
      LOG.debug("the spool's folder cannot be forced: {}", e.toString());
    }
  }

  /**
   * Appends a record and wakes the reader.
   *
   * @throws SpoolFullException at the bound, or where the disk takes no more; nothing was appended
   */
  synchronized void append(SpooledRecord data) {
    if (closed) {
      throw new IllegalStateException("the spool is closed");
    }
    byte[] payload = data.encode();
    if (bytes() + SpoolSegment.frameBytes(payload) > bytesMax) {
      throw new SpoolFullException("the spool holds " + bytes() + " of " + bytesMax + " bytes");
    }
    try {
      write(payload);
    } catch (IOException e) {
      throw new SpoolFullException("the spool's disk refuses to write: " + e.getMessage());
    }
    notifyAll();
  }

  private void write(byte[] payload) throws IOException {
    try {
      appendTo(payload);
    } catch (IOException e) {
      if (!reserve.release()) {
        throw e;
      }
      appendTo(payload);
    }
  }

  private void appendTo(byte[] payload) throws IOException {
    if (active.bytes() >= segmentBytesMax) {
      active.force();
      active = openActive();
    }
    active.append(payload);
  }

  /**
   * Whether there is room, in its bound and on the disk, for more than what ends what has begun.
   */
  synchronized boolean accepting() {
    return !closed && reserve.held() && bytes() < bytesMax - bytesMax / 20;
  }

  /** Takes the reserve again where a full disk has cost it and there is room now. */
  synchronized void refill() {
    if (!closed && !reserve.held() && reserve.fill()) {
      LOG.info("the spool's disk has room again");
    }
  }

  /** The next record that was not read since the spool was opened, waiting for one a while. */
  synchronized Optional<Entry> next(long waitMs) throws InterruptedException {
    Optional<Entry> entry = poll();
    if (entry.isEmpty() && waitMs > 0 && !closed) {
      wait(waitMs);
      entry = poll();
    }
    return entry;
  }

  private Optional<Entry> poll() {
    for (SpoolSegment segment : segments.values()) {
      if (segment.hasUnread()) {
        try {
          return Optional.of(
              new Entry(segment.number(), read++, SpooledRecord.decode(segment.read())));
        } catch (IOException | IllegalArgumentException e) {
          // Somebody changed the file under us: what it held cannot be had back.
          LOG.error("{} facts of a spool segment are lost: {}", segment.skipUnread(), e.toString());
        }
      }
    }
    return Optional.empty();
  }

  /** Says that a record has arrived; the last one of a segment removes the segment. */
  synchronized void ack(Entry entry) {
    SpoolSegment segment = segments.get(entry.segment());
    if (segment == null || closed) {
      return;
    }
    segment.ack();
    if (!segment.allAcked()) {
      return;
    }
    try {
      if (segment == active) {
        segment.reset();
      } else {
        segments.remove(entry.segment());
        segment.delete();
      }
    } catch (IOException e) {
      LOG.warn("cannot remove a spool segment that has been sent: {}", e.getMessage());
    }
  }

  /** Bytes on disk. */
  synchronized long bytes() {
    long sum = 0;
    for (SpoolSegment segment : segments.values()) {
      sum += segment.bytes();
    }
    return sum;
  }

  /** Ends the reader's wait. */
  synchronized void wake() {
    notifyAll();
  }

  /** Whether something was appended that {@link #force} has not seen. */
  synchronized boolean dirty() {
    return active.dirty();
  }

  /** Makes what was appended so far survive a loss of power. */
  synchronized void force() throws IOException {
    if (!closed) {
      active.force();
    }
  }

  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    notifyAll();
    for (SpoolSegment segment : segments.values()) {
      segment.close();
    }
    lock.release();
    lockChannel.close();
  }
}
