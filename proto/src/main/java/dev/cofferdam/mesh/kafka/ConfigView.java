package dev.cofferdam.mesh.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A view of a compacted topic by key, as its {@link ConfigFeed} has read it. It begins with a
 * snapshot on disk. Reads are lock-free and consistent: a {@link #snapshot} is one moment of the
 * topic.
 *
 * @param <T> the records' type
 */
public final class ConfigView<T extends Message> {
  private static final Logger LOG = LoggerFactory.getLogger(ConfigView.class);

  private final String topic;
  private final Parser<T> parser;
  private final Path snapshotFile;
  private final boolean ofSnapshot;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Map<String, T> view;

  /** What is read and not in force yet; the feed's thread alone. */
  private @Nullable Map<String, T> next;

  /** Whether the view has been in force as the topic has it; the feed's thread alone. */
  private boolean published;

  ConfigView(String topic, Parser<T> parser, Path snapshotFile) {
    this.topic = topic;
    this.parser = parser;
    this.snapshotFile = snapshotFile;
    Optional<Map<String, T>> stored = load();
    this.ofSnapshot = stored.isPresent();
    this.view = stored.orElse(Map.of());
  }

  /** The record of a key. */
  public Optional<T> get(String key) {
    return Optional.ofNullable(view.get(key));
  }

  /** All records by key; immutable. */
  public Map<String, T> snapshot() {
    return view;
  }

  /** Runs something after each change, on the feed's thread. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /** Whether it began with a snapshot. */
  boolean ofSnapshot() {
    return ofSnapshot;
  }

  /** What is taken from now on replaces all that is known. */
  void restart() {
    next = new HashMap<>();
  }

  /** Takes changes that are to be in force with the next {@link #publish}. */
  void take(Iterable<ConsumerRecord<String, byte[]>> changes) {
    for (ConsumerRecord<String, byte[]> change : changes) {
      Map<String, T> target = next == null ? new HashMap<>(view) : next;
      next = target;
      byte[] value = change.value();
      if (value == null) {
        target.remove(change.key());
        continue;
      }
      try {
        target.put(change.key(), parser.parseFrom(value));
      } catch (InvalidProtocolBufferException e) {
        LOG.error(
            "a record of {} at offset {} is unreadable; kept the last", topic, change.offset());
      }
    }
  }

  /**
   * Puts in force what was taken.
   *
   * @return whether {@link #changed} is due
   */
  boolean publish() {
    Map<String, T> taken = next;
    next = null;
    if (taken == null || (published && taken.equals(view))) {
      return false;
    }
    view = Map.copyOf(taken);
    published = true;
    return true;
  }

  /** Keeps a snapshot, and tells who listens. */
  void changed() {
    try {
      SnapshotFile.write(snapshotFile, view);
    } catch (IOException e) {
      LOG.warn("cannot keep a snapshot of {}: {}", topic, e.getMessage());
    }
    for (Runnable listener : listeners) {
      try {
        listener.run();
      } catch (RuntimeException e) {
        LOG.error("a listener of {} failed", topic, e);
      }
    }
  }

  private Optional<Map<String, T>> load() {
    try {
      return SnapshotFile.read(snapshotFile, parser);
    } catch (IOException e) {
      LOG.warn("the snapshot of {} is unusable, reading from Kafka: {}", topic, e.getMessage());
      return Optional.empty();
    }
  }
}
