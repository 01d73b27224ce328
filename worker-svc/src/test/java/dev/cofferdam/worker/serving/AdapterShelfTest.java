package dev.cofferdam.worker.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.batching.FakeExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class AdapterShelfTest {
  private static final TenantId ACME = new TenantId("acme");
  private final List<String> loads = new CopyOnWriteArrayList<>();

  private static LoraAdapter adapter() {
    return FakeExecutor.adapter(1).orElseThrow();
  }

  private LoraAdapter load(String name) {
    loads.add(name);
    return adapter();
  }

  @Test
  void theLeastRecentlyUsedGoes() {
    AdapterShelf shelf = new AdapterShelf((name, version) -> load(name), 2);
    for (String name : List.of("a", "b", "a", "c", "a", "b")) {
      assertThat(shelf.get(ACME, name, "1")).isNotNull();
    }
    assertThat(loads).containsExactly("a", "b", "c", "b");
  }

  @Test
  void tenantsAndVersionsDoNotShare() {
    AdapterShelf shelf = new AdapterShelf((name, version) -> load(name + version), 9);
    shelf.get(ACME, "a", "1");
    shelf.get(ACME, "a", "2");
    shelf.get(new TenantId("other"), "a", "1");
    assertThat(loads).containsExactly("a1", "a2", "a1");
  }

  @Test
  void requestsForOneThatIsBeingReadWaitForItHoweverFullTheShelfIs() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AdapterShelf shelf =
        new AdapterShelf(
            (name, version) -> {
              LoraAdapter adapter = load(name);
              if (name.equals("slow")) {
                reading.countDown();
                await(goOn);
              }
              return adapter;
            },
            1);
    List<CompletableFuture<LoraAdapter>> waiting = new ArrayList<>();
    waiting.add(CompletableFuture.supplyAsync(() -> shelf.get(ACME, "slow", "1")));
    await(reading);
    shelf.get(ACME, "b", "1");
    shelf.get(ACME, "c", "1");
    waiting.add(CompletableFuture.supplyAsync(() -> shelf.get(ACME, "slow", "1")));
    goOn.countDown();
    assertThat(waiting.get(0).get(10, TimeUnit.SECONDS))
        .isSameAs(waiting.get(1).get(10, TimeUnit.SECONDS));
    assertThat(loads).containsOnlyOnce("slow");
  }

  @Test
  void aFailureIsToldToAllWhoWaitAndTheNextRequestReadsAnew() {
    AdapterShelf shelf =
        new AdapterShelf(
            (name, version) -> {
              loads.add(name);
              if (loads.size() == 1) {
                throw new BadAdapterException("broken");
              }
              if (loads.size() == 2) {
                throw new OutOfMemoryError("of the test");
              }
              return adapter();
            },
            1);
    assertThatThrownBy(() -> shelf.get(ACME, "a", "1")).isInstanceOf(BadAdapterException.class);
    assertThatThrownBy(() -> shelf.get(ACME, "a", "1")).hasCauseInstanceOf(OutOfMemoryError.class);
    assertThat(shelf.get(ACME, "a", "1")).isNotNull();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
