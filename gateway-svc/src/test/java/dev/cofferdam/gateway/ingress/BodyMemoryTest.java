package dev.cofferdam.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.vocabulary.TenantId;
import org.junit.jupiter.api.Test;

class BodyMemoryTest {
  private static final long LEAST = BodyMemory.LEAST_BYTES;
  private static final TenantId GREEDY = new TenantId("greedy");
  private static final TenantId MODEST = new TenantId("modest");

  private final BodyMemory memory = new BodyMemory(9 * LEAST);

  @Test
  void aTenantTakesItsPartAndLeavesTheOthersTheirs() {
    for (int i = 0; i < 3; i++) {
      assertThat(memory.share(GREEDY).grow(1)).isTrue();
    }

    assertThat(memory.share(GREEDY).grow(1)).isFalse();
    assertThat(memory.share(MODEST).grow(3 * LEAST)).isTrue();
  }

  @Test
  void whatIsReadMakesRoomOnce() {
    BodyMemory.Share first = memory.share(GREEDY);
    BodyMemory.Share second = memory.share(GREEDY);
    assertThat(first.grow(2 * LEAST)).isTrue();
    assertThat(second.grow(LEAST)).isTrue();
    assertThat(second.grow(LEAST + 1)).isFalse();

    first.close();
    first.close();

    assertThat(second.grow(LEAST + 1)).isTrue();
    assertThat(first.grow(1)).isFalse();
    second.close();
    assertThat(memory.held()).isZero();
  }

  @Test
  void aRequestThatIsAloneMayBeAsLargeAsItsEndpointTakes() {
    BodyMemory.Share large = memory.share(GREEDY);

    assertThat(large.grow(4 * LEAST)).isTrue();
    assertThat(large.grow(20 * LEAST)).isTrue();
    assertThat(memory.share(GREEDY).grow(1)).isFalse();
    assertThat(memory.share(MODEST).grow(1)).isFalse();
    large.close();
    assertThat(memory.share(MODEST).grow(1)).isTrue();
  }
}
