package dev.cofferdam.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.quota.SampleTenants;
import dev.cofferdam.vocabulary.ConnectionLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TenantConnectionsTest {
  private final TenantConnections all = new TenantConnections();

  private static TenantProfile tenant(String id, int connections, int keepaliveSeconds) {
    return SampleTenants.tenant(
        id, Tier.STANDARD, new ConnectionLimits(connections, keepaliveSeconds, 0));
  }

  @Test
  void aConnectionMoreThanTheTenantMayHaveIsRefusedUntilAnotherCloses() {
    TenantProfile tenant = tenant("a", 1, 30);
    ClientConnection first = all.open();
    ClientConnection second = all.open();
    assertThat(first.claim(tenant)).isInstanceOf(Claim.Held.class);
    Claim.Refused refused = (Claim.Refused) second.claim(tenant);
    assertThat(refused.refusal().code()).isEqualTo(ErrorCode.CONNECTION_LIMIT);
    assertThat(refused.refusal().retryAfter()).isPresent();
    assertThat(refused.refusal().metadata()).containsEntry("value", "1");
    assertThat(refused.shared()).isFalse();
    assertThat(first.claim(tenant)).as("what it holds stays").isInstanceOf(Claim.Held.class);
    first.close();
    assertThat(second.claim(tenant)).isInstanceOf(Claim.Held.class);
  }

  @Test
  void whatIsRefusedToOneTenantStaysAnothers() {
    TenantProfile crowded = tenant("a", 1, 30);
    all.open().claim(crowded);
    ClientConnection shared = all.open();
    shared.claim(tenant("b", 1, 30));
    assertThat(((Claim.Refused) shared.claim(crowded)).shared()).isTrue();
    assertThat(all.held(crowded.id())).isEqualTo(1);
  }

  @Test
  void aConnectionThatHasClosedTakesNoPlace() {
    TenantProfile tenant = tenant("a", 1, 30);
    ClientConnection connection = all.open();
    connection.close();
    assertThat(connection.claim(tenant)).isInstanceOf(Claim.Refused.class);
    assertThat(all.held()).isZero();
  }

  @Test
  void aConnectionIsAskedAsOftenAsTheTenantThatWantsItMost() {
    ClientConnection connection = all.open();
    connection.claim(tenant("a", 1, 60));
    assertThat(connection.keepaliveSeconds()).isEqualTo(60);
    connection.claim(tenant("b", 1, 10));
    connection.claim(tenant("c", 1, 30));
    assertThat(connection.keepaliveSeconds()).isEqualTo(10);
  }

  /** Clients open, use and close as they like, and operators change the bound. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noTenantEverTakesMoreThanItsBoundAndNothingLeaks(long seed) {
    Random random = new Random(seed);
    Map<ClientConnection, Set<String>> open = new HashMap<>();
    List<ClientConnection> list = new ArrayList<>();
    Map<String, Integer> held = new HashMap<>();
    for (int step = 0; step < 20_000; step++) {
      int action = random.nextInt(10);
      if (action == 0 || list.isEmpty()) {
        ClientConnection connection = all.open();
        list.add(connection);
        open.put(connection, new HashSet<>());
      } else if (action == 1) {
        ClientConnection connection = list.remove(random.nextInt(list.size()));
        connection.close();
        open.remove(connection).forEach(id -> held.merge(id, -1, Integer::sum));
      } else {
        String id = "t" + random.nextInt(3);
        int bound = 1 + random.nextInt(6);
        ClientConnection connection = list.get(random.nextInt(list.size()));
        boolean mine = open.get(connection).contains(id);
        boolean expected = mine || held.getOrDefault(id, 0) < bound;
        Claim claim = connection.claim(tenant(id, bound, 30));
        assertThat(claim instanceof Claim.Held)
            .as("seed %d, step %d", seed, step)
            .isEqualTo(expected);
        if (expected && !mine) {
          open.get(connection).add(id);
          held.merge(id, 1, Integer::sum);
        }
      }
      for (int i = 0; i < 3; i++) {
        TenantProfile tenant = tenant("t" + i, 1, 30);
        assertThat(all.held(tenant.id()))
            .as("seed %d, step %d", seed, step)
            .isEqualTo(held.getOrDefault("t" + i, 0));
      }
    }
    list.forEach(ClientConnection::close);
    list.forEach(ClientConnection::close);
    assertThat(all.held()).isZero();
  }
}
