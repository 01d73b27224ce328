package dev.cofferdam.router.tenancy.kafka;

import com.google.protobuf.Message;
import dev.cofferdam.mesh.kafka.ConfigView;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * The records of a view in the router's own words, each translated once. It holds no more than the
 * view has held.
 */
final class Translated<M extends Message, R> {
  private final ConfigView<M> view;
  private final Function<M, R> translation;
  private final Map<String, Pair<M, R>> known = new ConcurrentHashMap<>();

  private record Pair<M, R>(M message, R translated) {}

  Translated(ConfigView<M> view, Function<M, R> translation) {
    this.view = view;
    this.translation = translation;
    view.onChange(() -> known.keySet().retainAll(view.snapshot().keySet()));
  }

  /** The record of a key. */
  Optional<R> get(String key) {
    Optional<M> message = view.get(key);
    if (message.isEmpty()) {
      return Optional.empty();
    }
    Pair<M, R> pair = known.get(key);
    if (pair == null || pair.message != message.get()) {
      pair = new Pair<>(message.get(), translation.apply(message.get()));
      known.put(key, pair);
    }
    return Optional.of(pair.translated);
  }
}
