package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.Pool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigViewTest {
  @TempDir Path folder;

  private final List<String> heard = new ArrayList<>();

  private ConfigView<Pool> view() {
    return new ConfigView<>("pools", Pool.parser(), folder.resolve("pools.snapshot"));
  }

  private static ConsumerRecord<String, byte[]> put(String key) {
    return record(key, Pool.newBuilder().setId(key).build().toByteArray());
  }

  private static ConsumerRecord<String, byte[]> record(String key, byte @Nullable [] value) {
    return new ConsumerRecord<>("pools", 0, 0, key, value);
  }

  @Test
  void whatIsTakenIsInForceOnceItIsPublished() {
    ConfigView<Pool> view = view();
    view.take(List.of(put("a"), put("b"), record("a", null)));
    assertThat(view.snapshot()).isEmpty();

    assertThat(view.publish()).isTrue();

    assertThat(view.snapshot().keySet()).containsExactly("b");
    assertThat(view.get("b")).isPresent();
  }

  @Test
  void aRestartForgetsWhatTheTopicHasNoMore() {
    ConfigView<Pool> view = view();
    view.take(List.of(put("a"), put("b")));
    assertThat(view.publish()).isTrue();

    view.restart();
    view.take(List.of(put("b")));

    assertThat(view.snapshot()).containsKey("a");
    assertThat(view.publish()).isTrue();
    assertThat(view.snapshot().keySet()).containsExactly("b");
  }

  @Test
  void aRestartThatBringsNothingNewIsNoChange() {
    ConfigView<Pool> view = view();
    view.take(List.of(put("a")));
    assertThat(view.publish()).isTrue();
    assertThat(view.publish()).isFalse();

    view.restart();
    view.take(List.of(put("a")));

    assertThat(view.publish()).isFalse();
  }

  @Test
  void anEmptyTopicIsHeardOfOnce() {
    ConfigView<Pool> view = view();
    view.restart();
    assertThat(view.publish()).isTrue();
    view.restart();
    assertThat(view.publish()).isFalse();
  }

  @Test
  void anUnreadableRecordLeavesTheLastOne() {
    ConfigView<Pool> view = view();
    view.take(List.of(put("a"), record("a", new byte[] {(byte) 0xff})));

    assertThat(view.publish()).isTrue();

    assertThat(view.get("a")).isPresent();
  }

  @Test
  void aListenerThatFailsKeepsNobodyFromHearing() {
    ConfigView<Pool> view = view();
    view.onChange(
        () -> {
          throw new IllegalStateException("broken");
        });
    view.onChange(() -> heard.addAll(view.snapshot().keySet()));
    view.take(List.of(put("a")));
    assertThat(view.publish()).isTrue();

    view.changed();

    assertThat(heard).containsExactly("a");
  }

  @Test
  void theNextViewBeginsWithTheSnapshotOfTheLast() {
    ConfigView<Pool> first = view();
    assertThat(first.ofSnapshot()).isFalse();
    first.take(List.of(put("a")));
    assertThat(first.publish()).isTrue();
    first.changed();

    ConfigView<Pool> second = view();

    assertThat(second.ofSnapshot()).isTrue();
    assertThat(second.snapshot()).isEqualTo(first.snapshot());
  }
}
