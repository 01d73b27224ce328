package dev.cofferdam.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.ResponseCache.Found;
import dev.cofferdam.gateway.dispatch.ResponseCache.Match;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.vocabulary.TenantId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimilarResponsesTest {
  private static final ResponseCache.Response ANSWER =
      new ResponseCache.Response("It comes on Monday.", 6, Told.Reason.STOP);
  private static final String RULES = "You are the support desk.";

  private final MemoryResponses store = new MemoryResponses();
  private final Map<List<Integer>, float[]> embeddings = new HashMap<>();
  private final List<String> embedded = new ArrayList<>();
  private final SimilarResponses responses =
      new SimilarResponses(new ResponseSeal(new byte[32]), store, this::embed);

  private Runnable embed(Generation generation, Consumer<Optional<float[]>> made) {
    embedded.add(generation.identity().tenant().id().value());
    made.accept(Optional.ofNullable(embeddings.get(question(generation))));
    return () -> {};
  }

  private static List<Integer> question(Generation generation) {
    List<Integer> tokens = new ArrayList<>();
    for (int token : generation.likeness().orElseThrow().question()) {
      tokens.add(token);
    }
    return tokens;
  }

  /** A question whose embedding is so far, in radians, from that of others. */
  private Generation asking(String tenant, String question, double angle, String... rest) {
    Generation generation = Samples.asking(tenant, question, rest);
    embeddings.put(
        question(generation), new float[] {(float) Math.cos(angle), (float) Math.sin(angle), 0});
    return generation;
  }

  private Found found(Generation generation) {
    return responses.find(generation).join();
  }

  private void keep(Generation generation, ResponseCache.Response response) {
    Found.Nothing nothing = (Found.Nothing) found(generation);
    responses.keep(generation, response, nothing.embedding());
  }

  @Test
  void aQuestionThatMeansTheSameFindsTheAnswer() {
    keep(asking("harbor-books", "Where is my parcel?", 0, RULES), ANSWER);
    assertThat(found(asking("harbor-books", "Where's my parcel?", 0.1, RULES)))
        .isEqualTo(new Found.Answer(ANSWER, Match.SIMILAR));
  }

  @Test
  void theSameInputIsFoundWithoutAnEmbedding() {
    Generation asked = asking("harbor-books", "Where is my parcel?", 0, RULES);
    keep(asked, ANSWER);
    embedded.clear();
    assertThat(found(asked)).isEqualTo(new Found.Answer(ANSWER, Match.EXACT));
    assertThat(embedded).isEmpty();
  }

  @Test
  void aQuestionBelowTheTenantsThresholdFindsNothing() {
    keep(asking("harbor-books", "Where is my parcel?", 0, RULES), ANSWER);
    // cos 0.15 is 0.9888; the tenant asks for 0.99.
    assertThat(found(asking("harbor-books", "Where is my order?", 0.15, RULES)))
        .isInstanceOf(Found.Nothing.class);
  }

  @Test
  void whatBelongsToTheInputBesideTheQuestionMustBeTheSame() {
    keep(asking("harbor-books", "Where is my parcel?", 0, RULES), ANSWER);
    assertThat(found(asking("harbor-books", "Where's my parcel?", 0, "You are a pirate.")))
        .isInstanceOf(Found.Nothing.class);
    assertThat(found(asking("harbor-books", "Where's my parcel?", 0, "7", RULES)))
        .isInstanceOf(Found.Nothing.class);
  }

  @Test
  void theNearestQuestionAnswersAndTheNextOneWhereItsAnswerIsGone() {
    ResponseCache.Response other = new ResponseCache.Response("No.", 2, Told.Reason.STOP);
    Generation near = asking("harbor-books", "Where is it?", 0.05, RULES);
    keep(near, ANSWER);
    Generation far = asking("harbor-books", "Where is the parcel?", 0.2, RULES);
    keep(far, other);
    Generation asked = asking("harbor-books", "Where's it?", 0.1, RULES);
    assertThat(found(asked)).isEqualTo(new Found.Answer(ANSWER, Match.SIMILAR));
    Found.Answer exact = (Found.Answer) found(near);
    assertThat(exact.match()).isEqualTo(Match.EXACT);
    byte[] name = new ResponseSeal(new byte[32]).name(near);
    store.places.remove(
        new MemoryResponses.Place(
            new TenantId("harbor-books"),
            ResponseStore.Shelf.ANSWERS,
            Math.floorMod(ByteBuffer.wrap(name).getInt(), ResponseStore.PLACES)));
    assertThat(found(asked)).isEqualTo(new Found.Answer(other, Match.SIMILAR));
  }

  @Test
  void anotherTenantFindsNothingEvenWhenAllOfTheFirstOnesContentsLieInItsPlaces() {
    keep(asking("harbor-books", "Where is my parcel?", 0, RULES), ANSWER);
    store.move(new TenantId("harbor-books"), new TenantId("rival"));
    assertThat(found(asking("rival", "Where is my parcel?", 0, RULES)))
        .isInstanceOf(Found.Nothing.class);
    assertThat(found(asking("rival", "Where's my parcel?", 0, RULES)))
        .isInstanceOf(Found.Nothing.class);
    assertThat(found(asking("harbor-books", "Where's my parcel?", 0, RULES)))
        .isInstanceOf(Found.Answer.class);
  }

  /** Everybody asks alike, and an attacker lays sealed contents wherever it likes. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noTenantEverGetsAnothersAnswer(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    String[] tenants = {"harbor-books", "pixel-pirates", "rival"};
    int similar = 0;
    for (int i = 0; i < 400; i++) {
      String tenant = tenants[random.nextInt(tenants.length)];
      Generation asked =
          asking(
              tenant,
              "Where is parcel " + "x".repeat(random.nextInt(30)) + "?",
              random.nextInt(8) * 0.01,
              random.nextBoolean() ? RULES : "Be brief.");
      switch (found(asked)) {
        case Found.Answer answer -> {
          assertThat(answer.response().text()).as("seed %d", seed).startsWith(tenant);
          similar += answer.match() == Match.SIMILAR ? 1 : 0;
        }
        case Found.Nothing nothing ->
            responses.keep(
                asked,
                new ResponseCache.Response(tenant + " " + i, 3, Told.Reason.STOP),
                nothing.embedding());
      }
      if (random.nextInt(20) == 0) {
        store.move(
            new TenantId(tenants[random.nextInt(tenants.length)]),
            new TenantId(tenants[random.nextInt(tenants.length)]));
      }
    }
    assertThat(similar).as("seed %d: answers to similar questions", seed).isGreaterThan(20);
  }

  @Test
  void theStoreHoldsNeitherQuestionsNorAnswersNorEmbeddings() {
    Generation asked = asking("harbor-books", "Where is my parcel?", 0.3, RULES);
    keep(asked, ANSWER);
    ByteBuffer vector = ByteBuffer.allocate(3 * Short.BYTES);
    for (float value : embeddings.get(question(asked))) {
      vector.putShort(Float.floatToFloat16(value));
    }
    String plain = new String(vector.array(), 0, 4, StandardCharsets.ISO_8859_1);
    store.places.forEach(
        (place, content) ->
            assertThat(new String(content, StandardCharsets.ISO_8859_1))
                .doesNotContain("Monday")
                .doesNotContain("parcel")
                .doesNotContain(plain));
    assertThat(store.places.keySet())
        .extracting(MemoryResponses.Place::shelf)
        .containsExactlyInAnyOrder(ResponseStore.Shelf.ANSWERS, ResponseStore.Shelf.QUESTIONS);
  }

  @Test
  void aTenantsPlacesAreBoundedAndErasedWithIt() {
    for (int i = 0; i < 3_000; i++) {
      Generation asked = asking("harbor-books", "word ".repeat(1 + i % 50) + i, 0, "rule " + i);
      responses.keep(asked, ANSWER, Optional.of(embeddings.get(question(asked))));
    }
    assertThat(store.places.size()).isBetween(1_000, 2 * ResponseStore.PLACES);
    assertThat(store.places.keySet())
        .allSatisfy(place -> assertThat(place.number()).isBetween(0, ResponseStore.PLACES - 1));
    keep(asking("rival", "Where is my parcel?", 0, RULES), ANSWER);
    store.erase(new TenantId("harbor-books")).toCompletableFuture().join();
    assertThat(store.places).hasSize(2);
  }

  @Test
  void aChangedQuestionIsNotOpened() {
    keep(asking("harbor-books", "Where is my parcel?", 0, RULES), ANSWER);
    store.places.forEach(
        (place, content) -> {
          if (place.shelf() == ResponseStore.Shelf.QUESTIONS) {
            content[content.length / 2] ^= 1;
          }
        });
    assertThat(found(asking("harbor-books", "Where's my parcel?", 0, RULES)))
        .isInstanceOf(Found.Nothing.class);
  }

  @Test
  void aQuestionThatCannotBeEmbeddedFindsNothingAndItsAnswerIsKeptForTheSameInput() {
    Generation asked = Samples.asking("harbor-books", "Where is my parcel?", RULES);
    assertThat(found(asked)).isEqualTo(new Found.Nothing(Optional.empty()));
    responses.keep(asked, ANSWER, Optional.empty());
    assertThat(found(asked)).isEqualTo(new Found.Answer(ANSWER, Match.EXACT));
  }

  @Test
  void whoDoesNotWaitForASearchStopsItsEmbedding() {
    List<String> stopped = new ArrayList<>();
    SimilarResponses waiting =
        new SimilarResponses(
            new ResponseSeal(new byte[32]),
            store,
            (generation, made) -> () -> stopped.add("stopped"));
    CompletableFuture<Found> search =
        waiting.find(asking("harbor-books", "Where is my parcel?", 0, RULES));
    assertThat(stopped).isEmpty();
    search.cancel(false);
    assertThat(stopped).containsExactly("stopped");
  }
}
