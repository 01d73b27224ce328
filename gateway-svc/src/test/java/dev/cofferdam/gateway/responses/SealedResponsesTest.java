package dev.cofferdam.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.quota.redis.RedisProcess;
import dev.cofferdam.gateway.responses.redis.RedisResponseStore;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Redis;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class SealedResponsesTest {
  private static final ResponseCache.Response ANSWER =
      new ResponseCache.Response("Ihr Paket kommt am Montag – ganz sicher.", 9, Told.Reason.STOP);

  /** One slot for all names, so that all of them meet. */
  private static final class OneSlot implements ResponseStore {
    final Map<TenantId, byte[]> slots = new HashMap<>();

    @Override
    public CompletionStage<Optional<byte[]>> get(TenantId tenant, int slot) {
      return CompletableFuture.completedFuture(Optional.ofNullable(slots.get(tenant)));
    }

    @Override
    public void put(TenantId tenant, int slot, byte[] content, int seconds) {
      slots.put(tenant, content);
    }
  }

  private final OneSlot store = new OneSlot();
  private final SealedResponses responses = new SealedResponses(new byte[32], store);
  private final Generation asked = Samples.recallable("harbor-books");

  private Optional<ResponseCache.Response> found(Generation generation) {
    return responses.find(generation).toCompletableFuture().join();
  }

  @Test
  void theSameInputFindsTheAnswer() {
    assertThat(found(asked)).isEmpty();
    responses.keep(asked, ANSWER);
    assertThat(found(Samples.recallable("harbor-books"))).contains(ANSWER);
  }

  @Test
  void anotherTenantFindsNothingEvenInTheOthersPlace() {
    responses.keep(asked, ANSWER);
    store.slots.put(new TenantId("rival"), store.slots.get(new TenantId("harbor-books")));
    assertThat(found(Samples.recallable("rival"))).isEmpty();
  }

  @Test
  void anotherQuestionInTheSameSlotFindsNothing() {
    responses.keep(asked, ANSWER);
    assertThat(found(Samples.recallable("harbor-books", "stop"))).isEmpty();
    assertThat(found(asked)).contains(ANSWER);
  }

  @Test
  void whatWasChangedIsNotOpened() {
    responses.keep(asked, ANSWER);
    byte[] content = store.slots.get(new TenantId("harbor-books"));
    for (int bit = 0; bit < 8 * content.length; bit++) {
      content[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(found(asked)).as("bit %d", bit).isEmpty();
      content[bit / 8] ^= (byte) (1 << bit % 8);
    }
    store.slots.put(new TenantId("harbor-books"), new byte[3]);
    assertThat(found(asked)).isEmpty();
  }

  @Test
  void theStoreHoldsNoContentAndNoLongAnswer() {
    responses.keep(asked, ANSWER);
    assertThat(new String(store.slots.get(new TenantId("harbor-books")), StandardCharsets.UTF_8))
        .doesNotContain("Paket");
    store.slots.clear();
    String text = "x".repeat(SealedResponses.TEXT_BYTES_MAX + 1);
    responses.keep(asked, new ResponseCache.Response(text, 9, Told.Reason.STOP));
    assertThat(store.slots).isEmpty();
  }

  @Test
  void answersLieInRedisForTheirTimeAndAStoreThatIsOutIsAMiss() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (RedisProcess process = new RedisProcess()) {
      Redis redis = Redis.createClient(vertx, process.url());
      SealedResponses kept =
          new SealedResponses(new byte[32], new RedisResponseStore(redis, 2_000));
      kept.keep(asked, ANSWER);
      Optional<ResponseCache.Response> found = Optional.empty();
      long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (found.isEmpty() && System.nanoTime() < until) {
        found = kept.find(asked).toCompletableFuture().join();
      }
      assertThat(found).contains(ANSWER);
      process.close();
      assertThat(kept.find(asked).toCompletableFuture().join()).isEmpty();
    } finally {
      vertx.close();
    }
  }
}
