package dev.cofferdam.local.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PortsTest {
  private final Random random = new Random(7);

  @Test
  void rememberedPortsAreTakenAgainWhileTheyAreFree() {
    Map<String, Integer> first = Ports.choose(List.of("a", "b"), Map.of(), Map.of(), random);
    Map<String, Integer> second = Ports.choose(List.of("a", "b"), Map.of(), first, random);

    assertThat(second).isEqualTo(first);
    assertThat(first.get("a")).isNotEqualTo(first.get("b"));
  }

  @Test
  void aRememberedPortThatIsInUseIsReplaced() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Map<String, Integer> chosen =
          Ports.choose(List.of("a"), Map.of(), Map.of("a", socket.getLocalPort()), random);
      assertThat(chosen.get("a")).isNotEqualTo(socket.getLocalPort());
    }
  }

  @Test
  void aGivenPortThatIsInUseIsRefusedByName() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(
              () ->
                  Ports.choose(
                      List.of("rest"), Map.of("rest", socket.getLocalPort()), Map.of(), random))
          .hasMessageContaining(socket.getLocalPort() + " for rest is in use");
    }
  }
}
