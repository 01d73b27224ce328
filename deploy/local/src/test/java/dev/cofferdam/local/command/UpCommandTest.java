package dev.cofferdam.local.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What up makes of its options. */
class UpCommandTest {
  @Test
  void aSettingIsOneProcessOrAllOfAService() {
    assertThat(
            UpCommand.settings(
                List.of("worker:a=1", "worker-2:b=x=y", "worker-2:a=", "scheduler:c=2"), 2))
        .isEqualTo(
            Map.of(
                "worker-1", Map.of("a", "1"),
                "worker-2", Map.of("a", "", "b", "x=y"),
                "scheduler", Map.of("c", "2"),
                "scheduler-2", Map.of("c", "2")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "worker", "worker:", "worker:a", "worker:=1", "worker-3:a=1", ":a=1"})
  void whatIsNoSettingIsRefused(String text) {
    assertThatThrownBy(() -> UpCommand.settings(List.of(text), 2))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("NAME:KEY=VALUE");
  }
}
