package dev.cofferdam.worker.serving;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Adapters in host memory, by (tenant, model, name, version), as many as so many bytes hold; the
 * least recently used goes. Of a pinned name, the version that was used last stays, however much
 * that is. Two requests for the same one read it once. Thread-safe; loading blocks the caller.
 */
public final class AdapterShelf {
  /**
   * An adapter that is in memory.
   *
   * @param tenant whose
   * @param model its base model
   * @param name its name
   * @param bytes of its weights
   */
  public record Resident(TenantId tenant, String model, String name, long bytes) {}

  private record Named(TenantId tenant, String model, String name) {}

  private record Key(Named named, String version) {}

  private final AdapterSource source;
  private final long bytesMax;
  private final Set<String> pinned;

  /** The least recently used first. */
  private final Map<Key, CompletableFuture<LoraAdapter>> shelf =
      new LinkedHashMap<>(16, 0.75f, true);

  /** The version of a pinned name that was used last. */
  private final Map<Named, String> latest = new HashMap<>();

  private long bytes;

  /**
   * @param bytesMax bytes of weights that are kept; those being read come on top
   * @param pinned names of adapters that stay
   */
  public AdapterShelf(AdapterSource source, long bytesMax, Set<String> pinned) {
    this.source = source;
    this.bytesMax = bytesMax;
    this.pinned = Set.copyOf(pinned);
  }

  /**
   * An adapter, read where it is not at hand, and prepared.
   *
   * @param folder where it lies, should it have to be read
   * @throws dev.cofferdam.worker.adapter.BadAdapterException as the source does
   * @throws dev.cofferdam.worker.adapter.AdapterUnavailableException as the source does
   */
  public LoraAdapter get(
      TenantId tenant, String model, String name, String folder, String version) {
    Key key = new Key(new Named(tenant, model, name), version);
    CompletableFuture<LoraAdapter> wanted = new CompletableFuture<>();
    CompletableFuture<LoraAdapter> known;
    synchronized (shelf) {
      known = shelf.putIfAbsent(key, wanted);
      if (known != null && known.isDone()) {
        used(key);
      }
    }
    if (known == null) {
      load(key, folder, wanted);
      known = wanted;
    }
    LoraAdapter adapter = read(known);
    source.prepare(model, adapter);
    return adapter;
  }

  private static LoraAdapter read(CompletableFuture<LoraAdapter> known) {
    try {
      return known.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** What is on the shelf now, each version of an adapter apart. */
  public List<Resident> resident() {
    synchronized (shelf) {
      return shelf.entrySet().stream()
          .filter(entry -> entry.getValue().isDone())
          .map(
              entry -> {
                Named named = entry.getKey().named;
                return new Resident(
                    named.tenant, named.model, named.name, entry.getValue().join().weightBytes());
              })
          .toList();
    }
  }

  private void load(Key key, String folder, CompletableFuture<LoraAdapter> wanted) {
    try {
      LoraAdapter adapter = source.load(key.named.model, folder, key.version);
      synchronized (shelf) {
        wanted.complete(adapter);
        bytes += adapter.weightBytes();
        used(key);
        trim();
      }
    } catch (RuntimeException | Error e) {
      synchronized (shelf) {
        shelf.remove(key, wanted);
      }
      wanted.completeExceptionally(e);
    }
  }

  private void used(Key key) {
    if (pinned.contains(key.named.name)) {
      latest.put(key.named, key.version);
    }
  }

  /** What is being read stays, or the next request for it would read it once more. */
  private void trim() {
    var entries = shelf.entrySet().iterator();
    while (bytes > bytesMax && entries.hasNext()) {
      Map.Entry<Key, CompletableFuture<LoraAdapter>> entry = entries.next();
      Key key = entry.getKey();
      if (entry.getValue().isDone() && !key.version.equals(latest.get(key.named))) {
        bytes -= entry.getValue().join().weightBytes();
        entries.remove();
      }
    }
  }
}
