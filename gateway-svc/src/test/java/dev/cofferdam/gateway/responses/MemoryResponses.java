package dev.cofferdam.gateway.responses;

import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/** Kept answers in memory. */
public final class MemoryResponses implements ResponseStore {
  /** A place of a tenant's. */
  public record Place(TenantId tenant, Shelf shelf, int number) {}

  public final Map<Place, byte[]> places = new ConcurrentHashMap<>();

  @Override
  public CompletionStage<List<byte[]>> get(TenantId tenant, Shelf shelf, int first, int count) {
    return CompletableFuture.completedFuture(
        IntStream.range(first, first + count)
            .mapToObj(number -> places.get(new Place(tenant, shelf, number)))
            .filter(Objects::nonNull)
            .toList());
  }

  @Override
  public void put(TenantId tenant, Shelf shelf, int place, byte[] content, int seconds) {
    places.put(new Place(tenant, shelf, place), content);
  }

  @Override
  public CompletionStage<Void> erase(TenantId tenant) {
    places.keySet().removeIf(place -> place.tenant().equals(tenant));
    return CompletableFuture.completedFuture(null);
  }

  /** Lays everything of one tenant's where another's would lie. */
  public void move(TenantId from, TenantId to) {
    places.forEach(
        (place, content) -> {
          if (place.tenant().equals(from)) {
            places.put(new Place(to, place.shelf(), place.number()), content);
          }
        });
  }
}
