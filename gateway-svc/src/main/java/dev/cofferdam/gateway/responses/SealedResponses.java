package dev.cofferdam.gateway.responses;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Answers by the exact name of their input, each sealed for its name. A tenant has {@value
 * ResponseStore#PLACES} places of {@value #TEXT_BYTES_MAX} bytes at most: names that meet in one
 * replace each other.
 */
public final class SealedResponses implements ResponseCache {
  /** Longer answers are not kept. */
  static final int TEXT_BYTES_MAX = 16 << 10;

  private static final String PURPOSE = "seal";

  private final ResponseSeal seal;
  private final ResponseStore store;

  public SealedResponses(ResponseSeal seal, ResponseStore store) {
    this.seal = seal;
    this.store = store;
  }

  @Override
  public CompletableFuture<Found> find(Generation generation) {
    return find(generation.identity().tenant().id(), seal.name(generation))
        .thenApply(
            found ->
                found
                    .<Found>map(response -> new Found.Answer(response, Match.EXACT))
                    .orElseGet(() -> new Found.Nothing(Optional.empty())));
  }

  /** The answer to the input of a name. Never fails. */
  CompletableFuture<Optional<Response>> find(TenantId tenant, byte[] name) {
    return store
        .get(tenant, ResponseStore.Shelf.ANSWERS, place(name), 1)
        .thenApply(
            found ->
                found.stream()
                    .flatMap(content -> seal.open(tenant, PURPOSE, name, content).stream())
                    .findFirst()
                    .map(SealedResponses::response))
        .exceptionally(storeIsOut -> Optional.empty())
        .toCompletableFuture();
  }

  @Override
  public void keep(Generation generation, Response response, Optional<float[]> embedding) {
    keep(generation, response);
  }

  /**
   * Keeps an answer.
   *
   * @return its name; empty where it is too long to be kept
   */
  Optional<byte[]> keep(Generation generation, Response response) {
    byte[] text = response.text().getBytes(StandardCharsets.UTF_8);
    if (text.length > TEXT_BYTES_MAX) {
      return Optional.empty();
    }
    byte[] name = seal.name(generation);
    TenantId tenant = generation.identity().tenant().id();
    ByteBuffer plain = ByteBuffer.allocate(5 + text.length);
    plain.put((byte) response.reason().ordinal()).putInt(response.outputTokens()).put(text);
    store.put(
        tenant,
        ResponseStore.Shelf.ANSWERS,
        place(name),
        seal.seal(tenant, PURPOSE, name, plain.array()),
        generation.identity().tenant().responseCacheSeconds());
    return Optional.of(name);
  }

  private static Response response(ByteBuffer plain) {
    Told.Reason reason = Told.Reason.values()[plain.get()];
    int outputTokens = plain.getInt();
    return new Response(StandardCharsets.UTF_8.decode(plain).toString(), outputTokens, reason);
  }

  private static int place(byte[] name) {
    return Math.floorMod(ByteBuffer.wrap(name).getInt(), ResponseStore.PLACES);
  }
}
