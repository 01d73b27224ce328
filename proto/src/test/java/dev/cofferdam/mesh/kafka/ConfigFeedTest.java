package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFeedTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path folder;

  @Test
  void oneFeedFollowsAllOfItsTopicsOnceTheyExist() throws InterruptedException {
    try (TestKafka kafka = new TestKafka(folder.resolve("kafka"))) {
      kafka.create(Topics.POOLS, 2);
      ConfigFeed.Builder views = ConfigFeed.of(kafka.settings(), folder.resolve("views"));
      ConfigView<Pool> pools = views.view(Topics.POOLS, Pool.parser());
      ConfigView<Model> models = views.view(Topics.MODELS, Model.parser());
      try (ConfigFeed feed = views.start();
          ConfigWriter writer = ConfigWriter.open(kafka.settings(), "test", feed)) {
        Thread.sleep(1_500); // a few attempts
        assertThat(feed.caughtUp()).isFalse();
        kafka.create(Topics.MODELS, 1);
        awaitCaughtUp(feed);

        Object unused =
            writer.change(
                change -> {
                  change.put(Topics.POOLS, "p", Pool.newBuilder().setId("p").build());
                  change.put(Topics.POOLS, "q", Pool.newBuilder().setId("q").build());
                  change.put(Topics.MODELS, "m", Model.newBuilder().setId("m").build());
                  return change;
                });

        assertThat(pools.snapshot()).containsOnlyKeys("p", "q");
        assertThat(models.snapshot()).containsOnlyKeys("m");
      }
    }
  }

  @Test
  void withoutKafkaOnlyAFeedWithAllOfItsSnapshotsIsServedFrom() throws InterruptedException {
    String nobody = "127.0.0.1:1";
    KafkaSettings away = new KafkaSettings(Map.of("bootstrap.servers", nobody));
    ConfigView<Pool> kept =
        new ConfigView<>(Topics.POOLS, Pool.parser(), folder.resolve(Topics.POOLS + ".snapshot"));
    kept.restart();
    assertThat(kept.publish()).isTrue();
    kept.changed();
    ConfigFeed.Builder whole = ConfigFeed.of(away, folder);
    whole.view(Topics.POOLS, Pool.parser());
    ConfigFeed.Builder part = ConfigFeed.of(away, folder);
    part.view(Topics.POOLS, Pool.parser());
    part.view(Topics.MODELS, Model.parser());
    try (ConfigFeed refused = part.start();
        ConfigFeed served = whole.start()) {
      assertThat(served.caughtUp()).isFalse();
      awaitCaughtUp(served);
      assertThat(refused.caughtUp()).isFalse();
    }
  }

  private static void awaitCaughtUp(ConfigFeed feed) throws InterruptedException {
    long endNs = System.nanoTime() + PATIENCE.toNanos();
    while (!feed.caughtUp() && System.nanoTime() < endNs) {
      Thread.sleep(50);
    }
    assertThat(feed.caughtUp()).isTrue();
  }
}
