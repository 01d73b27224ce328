package dev.cofferdam.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.wire.Events.ReceivedEvent;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventsTest {
  private static final Instant TIME = Instant.parse("2026-01-02T03:04:05.678Z");
  private static final Pool DATA = Pool.newBuilder().setId("shared").build();
  private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private static byte[] event() {
    return Events.encode(
        "r:1:0",
        "/cofferdam/worker-1",
        "dev.cofferdam.usage.recorded.v1",
        TIME,
        Map.of("traceparent", PARENT, "baggage", "cofferdam.tenant=a", "authorization", "secret"),
        DATA);
  }

  @Test
  void anEventIsReadAsItWasWritten() {
    ReceivedEvent<Pool> received = Events.parse(event(), Pool.parser(), Pool.class);

    assertThat(received)
        .isEqualTo(
            new ReceivedEvent<>(
                "r:1:0",
                "/cofferdam/worker-1",
                "dev.cofferdam.usage.recorded.v1",
                TIME,
                Map.of("traceparent", PARENT, "baggage", "cofferdam.tenant=a"),
                DATA));
  }

  @Test
  void dataOfAnotherTypeIsRefused() {
    assertThatThrownBy(() -> Events.parse(event(), Tenant.parser(), Tenant.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected: cofferdam.admin.v1.Tenant");
  }

  @Test
  void bytesThatAreNoEventAreRefusedWhateverTheyAre() {
    byte[] whole = event();
    for (int cut = 0; cut < whole.length; cut++) {
      byte[] part = Arrays.copyOf(whole, cut);
      assertThatThrownBy(() -> Events.parse(part, Pool.parser(), Pool.class))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
