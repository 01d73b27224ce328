package dev.cofferdam.gateway.responses;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Likeness;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Answers to the same input, and to inputs whose question means the same: the nearest one by the
 * cosine of their embeddings, among the tenant's own questions that are the same in everything but
 * wording. A question lies sealed, under a key of the tenant's and the name of its kind, in one of
 * {@value #GROUP} places that its kind may have; it holds its embedding (half-precision floats) and
 * the name of its answer, which lies where exact ones look for it. So a search reads {@value
 * #GROUP} places of one tenant, and opens those of one kind.
 */
public final class SimilarResponses implements ResponseCache {
  /** Questions that a search compares; they have places that follow each other. */
  static final int GROUP = 32;

  /** Longer embeddings are not kept. */
  static final int DIMENSIONS_MAX = 8_192;

  /** Questions whose answers are looked for: the nearest one's may have been replaced. */
  private static final int NEAREST = 3;

  private static final String PURPOSE = "question";
  private static final int NAME_BYTES = 32;

  private final SealedResponses exact;
  private final ResponseSeal seal;
  private final ResponseStore store;
  private final Embedder embedder;

  public SimilarResponses(ResponseSeal seal, ResponseStore store, Embedder embedder) {
    this.exact = new SealedResponses(seal, store);
    this.seal = seal;
    this.store = store;
    this.embedder = embedder;
  }

  private record Neighbour(byte[] answer, double similarity) {}

  @Override
  public CompletableFuture<Found> find(Generation generation) {
    CompletableFuture<Found> same = exact.find(generation);
    if (generation.likeness().isEmpty()) {
      return same;
    }
    CompletableFuture<Found> search = new CompletableFuture<>();
    var unused =
        same.thenAccept(
            found -> {
              if (found instanceof Found.Nothing) {
                embed(generation, search);
              } else {
                search.complete(found);
              }
            });
    return search;
  }

  private void embed(Generation generation, CompletableFuture<Found> search) {
    if (search.isDone()) {
      return;
    }
    Runnable stop;
    try {
      stop = embedder.embed(generation, made -> embedded(generation, made, search));
    } catch (RuntimeException e) {
      search.completeExceptionally(e);
      return;
    }
    var unused =
        search.whenComplete(
            (found, failure) -> {
              if (search.isCancelled()) {
                stop.run();
              }
            });
  }

  private void embedded(
      Generation generation, Optional<float[]> made, CompletableFuture<Found> search) {
    if (made.isEmpty()) {
      search.complete(new Found.Nothing(made));
      return;
    }
    var unused =
        nearest(generation, made.get())
            .thenCompose(near -> answer(generation.identity().tenant().id(), near.iterator()))
            .thenApply(
                answer ->
                    answer
                        .<Found>map(a -> new Found.Answer(a, Match.SIMILAR))
                        .orElseGet(() -> new Found.Nothing(made)))
            .exceptionally(storeIsOut -> new Found.Nothing(made))
            .thenAccept(search::complete);
  }

  /** Those that are near enough, the nearest first. */
  private CompletableFuture<List<Neighbour>> nearest(Generation generation, float[] embedding) {
    Likeness likeness = generation.likeness().orElseThrow();
    TenantId tenant = generation.identity().tenant().id();
    byte[] kind = seal.kind(generation, likeness.rest());
    return store
        .get(tenant, ResponseStore.Shelf.QUESTIONS, firstPlace(kind), GROUP)
        .toCompletableFuture()
        .thenApply(
            contents ->
                contents.stream()
                    .flatMap(content -> seal.open(tenant, PURPOSE, kind, content).stream())
                    .map(question -> neighbour(question, embedding))
                    .filter(neighbour -> neighbour.similarity() >= likeness.similarityMin())
                    .sorted(Comparator.comparingDouble(Neighbour::similarity).reversed())
                    .limit(NEAREST)
                    .toList());
  }

  private CompletableFuture<Optional<Response>> answer(TenantId tenant, Iterator<Neighbour> near) {
    if (!near.hasNext()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    return exact
        .find(tenant, near.next().answer())
        .thenCompose(
            found ->
                found.isPresent()
                    ? CompletableFuture.completedFuture(found)
                    : answer(tenant, near));
  }

  @Override
  public void keep(Generation generation, Response response, Optional<float[]> embedding) {
    Optional<byte[]> name = exact.keep(generation, response);
    if (name.isPresent()
        && embedding.isPresent()
        && embedding.get().length <= DIMENSIONS_MAX
        && generation.likeness().isPresent()) {
      byte[] kind = seal.kind(generation, generation.likeness().get().rest());
      TenantId tenant = generation.identity().tenant().id();
      store.put(
          tenant,
          ResponseStore.Shelf.QUESTIONS,
          firstPlace(kind) + Math.floorMod(ByteBuffer.wrap(name.get()).getInt(), GROUP),
          seal.seal(tenant, PURPOSE, kind, question(name.get(), embedding.get())),
          generation.identity().tenant().responseCacheSeconds());
    }
  }

  private static int firstPlace(byte[] kind) {
    return GROUP * Math.floorMod(ByteBuffer.wrap(kind).getInt(), ResponseStore.PLACES / GROUP);
  }

  private static byte[] question(byte[] answer, float[] embedding) {
    ByteBuffer plain = ByteBuffer.allocate(NAME_BYTES + Short.BYTES * embedding.length);
    plain.put(answer);
    for (float value : embedding) {
      plain.putShort(Float.floatToFloat16(value));
    }
    return plain.array();
  }

  /** Cosine in double precision: half-precision values are not of length 1 any more. */
  private static Neighbour neighbour(ByteBuffer question, float[] embedding) {
    byte[] answer = new byte[NAME_BYTES];
    question.get(answer);
    if (question.remaining() != Short.BYTES * embedding.length) {
      return new Neighbour(answer, -1);
    }
    double product = 0;
    double own = 0;
    double others = 0;
    for (float value : embedding) {
      double other = Float.float16ToFloat(question.getShort());
      product += value * other;
      own += (double) value * value;
      others += other * other;
    }
    double similarity = product / Math.sqrt(own * others);
    return new Neighbour(answer, Double.isFinite(similarity) ? similarity : -1);
  }
}
