package dev.cofferdam.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.ResponseCache;
import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.responses.redis.RedisResponseStore;
import dev.cofferdam.mesh.redis.RedisProcess;
import dev.cofferdam.vocabulary.TenantId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class SealedResponsesTest {
  private static final ResponseCache.Response ANSWER =
      new ResponseCache.Response("Ihr Paket kommt am Montag – ganz sicher.", 9, Told.Reason.STOP);

  /** One place for all names, so that all of them meet. */
  private static final class OneSlot implements ResponseStore {
    final Map<TenantId, byte[]> slots = new HashMap<>();

    @Override
    public CompletionStage<List<byte[]>> get(TenantId tenant, Shelf shelf, int first, int places) {
      return CompletableFuture.completedFuture(
          Optional.ofNullable(slots.get(tenant)).stream().toList());
    }

    @Override
    public void put(TenantId tenant, Shelf shelf, int place, byte[] content, int seconds) {
      slots.put(tenant, content);
    }

    @Override
    public CompletionStage<Void> erase(TenantId tenant) {
      slots.remove(tenant);
      return CompletableFuture.completedFuture(null);
    }
  }

  private final OneSlot store = new OneSlot();
  private final SealedResponses responses =
      new SealedResponses(new ResponseSeal(new byte[32]), store);
  private final Generation asked = Samples.recallable("harbor-books");

  private Optional<ResponseCache.Response> found(Generation generation) {
    return found(responses, generation);
  }

  private static Optional<ResponseCache.Response> found(
      SealedResponses responses, Generation generation) {
    return responses.find(generation).join() instanceof ResponseCache.Found.Answer answer
        ? Optional.of(answer.response())
        : Optional.empty();
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
  void answersLieInRedisUntilTheyAreErasedAndAStoreThatIsOutIsAMiss() throws Exception {
    Vertx vertx = Vertx.vertx();
    try (RedisProcess process = new RedisProcess()) {
      Redis redis = Redis.createClient(vertx, process.url());
      RedisResponseStore store = new RedisResponseStore(redis, 2_000);
      SealedResponses kept = new SealedResponses(new ResponseSeal(new byte[32]), store);
      kept.keep(asked, ANSWER);
      Generation neighbours = Samples.recallable("pixel-pirates");
      kept.keep(neighbours, ANSWER);
      assertThat(await(kept, asked)).contains(ANSWER);
      assertThat(await(kept, neighbours)).contains(ANSWER);
      Response keys = join(redis.send(Request.cmd(Command.KEYS).arg("*harbor-books*")));
      assertThat(keys.size()).isEqualTo(1);
      assertThat(join(redis.send(Request.cmd(Command.TTL).arg(keys.get(0).toBytes()))).toInteger())
          .isBetween(30, 60);
      store.erase(new TenantId("harbor-books")).toCompletableFuture().join();
      assertThat(found(kept, asked)).isEmpty();
      assertThat(found(kept, neighbours)).contains(ANSWER);
      process.close();
      assertThat(found(kept, asked)).isEmpty();
    } finally {
      vertx.close();
    }
  }

  private static Response join(Future<Response> answer) {
    return answer.toCompletionStage().toCompletableFuture().join();
  }

  private static Optional<ResponseCache.Response> await(
      SealedResponses kept, Generation generation) {
    Optional<ResponseCache.Response> found = Optional.empty();
    long until = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (found.isEmpty() && System.nanoTime() < until) {
      found = found(kept, generation);
    }
    return found;
  }
}
