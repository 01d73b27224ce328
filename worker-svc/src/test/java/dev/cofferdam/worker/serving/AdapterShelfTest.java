package dev.cofferdam.worker.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class AdapterShelfTest {
  private static final TenantId ACME = new TenantId("acme");
  private final List<String> loads = new CopyOnWriteArrayList<>();

  /** Of 400 bytes. */
  private static LoraAdapter adapter() {
    LoraAdapter.Module module = new LoraAdapter.Module(new float[60], new float[40]);
    return new LoraAdapter("a", "1", 1, 1, List.of(Map.of(LoraTarget.DOWN, module)));
  }

  private LoraAdapter load(String name) {
    loads.add(name);
    return adapter();
  }

  @Test
  void itIsReadFromItsFolderAndKeptUnderItsName() {
    AdapterShelf shelf = new AdapterShelf((model, folder, version) -> load(folder), 900, Set.of());
    shelf.get(ACME, "m", "a", "a-next", "2");
    shelf.get(ACME, "m", "a", "elsewhere", "2");
    assertThat(loads).containsExactly("a-next");
  }

  @Test
  void whatIsInMemoryIsListedAndWhatWentIsNot() {
    AdapterShelf shelf = new AdapterShelf((model, name, version) -> load(name), 900, Set.of());
    assertThat(shelf.resident()).isEmpty();
    for (String name : List.of("a", "b", "c")) {
      shelf.get(ACME, "m", name, name, "1");
    }
    assertThat(shelf.resident())
        .containsExactly(
            new AdapterShelf.Resident(ACME, "m", "b", 400),
            new AdapterShelf.Resident(ACME, "m", "c", 400));
  }

  @Test
  void theLeastRecentlyUsedGoes() {
    AdapterShelf shelf = new AdapterShelf((model, name, version) -> load(name), 900, Set.of());
    for (String name : List.of("a", "b", "a", "c", "a", "b")) {
      assertThat(shelf.get(ACME, "m", name, name, "1")).isNotNull();
    }
    assertThat(loads).containsExactly("a", "b", "c", "b");
  }

  @Test
  void aPinnedOneStaysUntilAnotherVersionOfItIsUsed() {
    AdapterShelf shelf =
        new AdapterShelf((model, name, version) -> load(name + version), 900, Set.of("pinned"));
    shelf.get(ACME, "m", "pinned", "pinned", "1");
    for (String name : List.of("a", "b", "c")) {
      shelf.get(ACME, "m", name, name, "1");
    }
    shelf.get(ACME, "m", "pinned", "pinned", "1");
    assertThat(loads).containsExactly("pinned1", "a1", "b1", "c1");

    shelf.get(ACME, "m", "pinned", "pinned", "2");
    shelf.get(ACME, "m", "a", "a", "1");
    shelf.get(ACME, "m", "b", "b", "1");
    loads.clear();
    shelf.get(ACME, "m", "pinned", "pinned", "2");
    assertThat(loads).isEmpty();
    shelf.get(ACME, "m", "pinned", "pinned", "1");
    assertThat(loads).containsExactly("pinned1");
  }

  @Test
  void oneThatIsLargerThanTheShelfIsReadForEachRequest() {
    AdapterShelf shelf = new AdapterShelf((model, name, version) -> load(name), 399, Set.of());
    assertThat(shelf.get(ACME, "m", "a", "a", "1")).isNotNull();
    assertThat(shelf.get(ACME, "m", "a", "a", "1")).isNotNull();
    assertThat(loads).containsExactly("a", "a");
  }

  /** What it was prepared on may have let go of it since. */
  @Test
  void eachRequestHasItsAdapterPrepared() {
    List<LoraAdapter> prepared = new ArrayList<>();
    AdapterShelf shelf =
        new AdapterShelf(
            new AdapterSource() {
              @Override
              public LoraAdapter load(String model, String name, String version) {
                return AdapterShelfTest.this.load(name);
              }

              @Override
              public void prepare(String model, LoraAdapter adapter) {
                prepared.add(adapter);
              }
            },
            900,
            Set.of());
    LoraAdapter first = shelf.get(ACME, "m", "a", "a", "1");
    shelf.get(ACME, "m", "a", "a", "1");
    assertThat(loads).containsExactly("a");
    assertThat(prepared).containsExactly(first, first);
  }

  @Test
  void tenantsModelsAndVersionsDoNotShare() {
    AdapterShelf shelf =
        new AdapterShelf((model, name, version) -> load(name + version), 9_000, Set.of());
    shelf.get(ACME, "m", "a", "a", "1");
    shelf.get(ACME, "m", "a", "a", "2");
    shelf.get(new TenantId("other"), "m", "a", "a", "1");
    shelf.get(ACME, "n", "a", "a", "1");
    assertThat(loads).containsExactly("a1", "a2", "a1", "a1");
  }

  @Test
  void requestsForOneThatIsBeingReadWaitForItHoweverFullTheShelfIs() throws Exception {
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AdapterShelf shelf =
        new AdapterShelf(
            (model, name, version) -> {
              LoraAdapter adapter = load(name);
              if (name.equals("slow")) {
                reading.countDown();
                await(goOn);
              }
              return adapter;
            },
            400,
            Set.of());
    List<LoraAdapter> got = new CopyOnWriteArrayList<>();
    Thread first =
        Thread.ofPlatform().start(() -> got.add(shelf.get(ACME, "m", "slow", "slow", "1")));
    await(reading);
    shelf.get(ACME, "m", "b", "b", "1");
    shelf.get(ACME, "m", "c", "c", "1");
    Thread second =
        Thread.ofPlatform().start(() -> got.add(shelf.get(ACME, "m", "slow", "slow", "1")));
    while (second.getState() != Thread.State.WAITING) {
      Thread.sleep(1);
    }
    goOn.countDown();
    first.join();
    second.join();
    assertThat(got).hasSize(2);
    assertThat(got.get(0)).isSameAs(got.get(1));
    assertThat(loads).containsOnlyOnce("slow");
  }

  @Test
  void aFailureIsToldToAllWhoWaitAndTheNextRequestReadsAnew() {
    AdapterShelf shelf =
        new AdapterShelf(
            (model, name, version) -> {
              loads.add(name);
              if (loads.size() == 1) {
                throw new BadAdapterException("broken");
              }
              if (loads.size() == 2) {
                throw new OutOfMemoryError("of the test");
              }
              return adapter();
            },
            400,
            Set.of());
    assertThatThrownBy(() -> shelf.get(ACME, "m", "a", "a", "1"))
        .isInstanceOf(BadAdapterException.class);
    assertThatThrownBy(() -> shelf.get(ACME, "m", "a", "a", "1"))
        .hasCauseInstanceOf(OutOfMemoryError.class);
    assertThat(shelf.get(ACME, "m", "a", "a", "1")).isNotNull();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
