package dev.cofferdam.gateway.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StorageRoundsTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:30:00Z");
  private static final List<TenantId> TENANTS =
      Stream.of("a", "b", "c", "d", "e").map(TenantId::new).toList();

  private final Map<String, Long> stored = new HashMap<>();
  private final List<String> looks = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final StorageRounds rounds =
      new StorageRounds(
          tenant -> {
            looks.add(tenant.value());
            if (tenant.value().equals("d")) {
              throw new IllegalStateException("busy");
            }
            return new Stored("db", Map.of("files", stored.getOrDefault(tenant.value(), 0L)));
          },
          (tenant, kept, now) -> told.add(tenant.value()),
          2);

  @Test
  void aFewTenantsAtATimeUntilEachThatKeepsSomethingIsToldOnceAnHour() {
    stored.put("b", 7L);
    List<TenantId> calm = TENANTS.subList(0, 3);
    for (int i = 0; i < 3; i++) {
      rounds.step(calm, NOW);
    }
    assertThat(looks).containsExactly("a", "b", "c", "a", "c", "a");
    assertThat(told).containsExactly("b");

    stored.put("c", 1L);
    rounds.step(calm, NOW.plusSeconds(60));
    assertThat(told).containsExactly("b", "c");

    for (int i = 0; i < 3; i++) {
      rounds.step(calm, NOW.plus(Duration.ofHours(1)));
    }
    assertThat(told.subList(2, told.size())).containsExactlyInAnyOrder("b", "c");
  }

  @Test
  void aTenantThatCannotBeLookedAtHoldsUpNobody() {
    stored.put("e", 1L);
    rounds.step(TENANTS, NOW);
    assertThatThrownBy(() -> rounds.step(TENANTS, NOW)).hasMessage("busy");
    rounds.step(TENANTS, NOW);
    assertThat(told).containsExactly("e");
  }
}
