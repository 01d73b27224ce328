package dev.cofferdam.worker.serving;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Adapters in host memory, by (tenant, name, version); the least recently used goes. Two requests
 * for the same one read it once. Thread-safe; loading blocks the caller.
 */
public final class AdapterShelf {
  private record Key(TenantId tenant, String name, String version) {}

  private final AdapterSource source;
  private final int adaptersMax;

  /** The least recently used first. */
  private final Map<Key, CompletableFuture<LoraAdapter>> shelf =
      new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param adaptersMax adapters that are kept; those being read come on top
   */
  public AdapterShelf(AdapterSource source, int adaptersMax) {
    this.source = source;
    this.adaptersMax = adaptersMax;
  }

  /**
   * An adapter, read where it is not at hand.
   *
   * @throws dev.cofferdam.worker.adapter.BadAdapterException as the source does
   */
  public LoraAdapter get(TenantId tenant, String name, String version) {
    Key key = new Key(tenant, name, version);
    CompletableFuture<LoraAdapter> wanted = new CompletableFuture<>();
    CompletableFuture<LoraAdapter> known;
    synchronized (shelf) {
      known = shelf.putIfAbsent(key, wanted);
    }
    if (known == null) {
      load(key, wanted);
      known = wanted;
    }
    try {
      return known.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  private void load(Key key, CompletableFuture<LoraAdapter> wanted) {
    try {
      wanted.complete(source.load(key.name, key.version));
      synchronized (shelf) {
        trim();
      }
    } catch (RuntimeException | Error e) {
      synchronized (shelf) {
        shelf.remove(key, wanted);
      }
      wanted.completeExceptionally(e);
    }
  }

  /** What is being read stays, or the next request for it would read it once more. */
  private void trim() {
    var entries = shelf.values().iterator();
    while (shelf.size() > adaptersMax && entries.hasNext()) {
      if (entries.next().isDone()) {
        entries.remove();
      }
    }
  }
}
