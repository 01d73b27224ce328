package dev.cofferdam.worker.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import dev.cofferdam.worker.adapter.registry.s3.S3Server;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.TinyModel;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdaptersTest {
  private static final TenantId ACME = new TenantId("acme");

  @TempDir Path folder;

  private final Map<String, ModelConfig> models = Map.of("m", TinyModel.llama().parsed());
  private final TinyAdapter tiny = new TinyAdapter(2, 4, EnumSet.of(LoraTarget.VALUE));

  private final List<LoraAdapter> prepared = new ArrayList<>();

  private static WorkerConfig.Worker config(Map<String, String> settings) {
    Map<String, String> values = new HashMap<>();
    for (String name :
        new String[] {
          "tls.certificate",
          "tls.key",
          "tls.trust",
          "state-dir",
          "worker.id",
          "worker.models-root",
          "worker.model",
          "worker.router-endpoints",
          "worker.scheduler-endpoint"
        }) {
      values.put("cofferdam." + name, "x");
    }
    values.put("cofferdam.listen.port", "0");
    values.put("cofferdam.kafka.properties.x", "x");
    settings.forEach((name, value) -> values.put("cofferdam.worker." + name, value));
    return new SmallRyeConfigBuilder()
        .withMapping(WorkerConfig.class)
        .withSources(new PropertiesConfigSource(values, "test", 100))
        .build()
        .getConfigMapping(WorkerConfig.class)
        .worker();
  }

  @Test
  void readsAFolder() throws IOException {
    String version =
        tiny.write(folder.resolve("acme/tone"), models.get("m"), new SplittableRandom(1));
    Adapters adapters =
        Adapters.open(
            config(Map.of("adapters-root", folder.toString())),
            models,
            (id, adapter) -> prepared.add(adapter));
    assertThat(prepared).isEmpty();
    assertThat(adapters.shelf().get(ACME, "m", "tone", "acme/tone", version).version())
        .isEqualTo(version);
    assertThat(prepared).hasSize(1);
    adapters.close().run();
  }

  @Test
  void readsABucketOnceAndItsDiskAfterThat() throws IOException {
    byte[] config = tiny.config().getBytes(StandardCharsets.UTF_8);
    byte[] weights = tiny.weights(models.get("m"), new SplittableRandom(1));
    String version = new AdapterFiles(config, weights).version();
    try (S3Server server = new S3Server()) {
      server.objects.put("/models/lora/acme/tone/adapter_config.json", config);
      server.objects.put("/models/lora/acme/tone/adapter_model.safetensors", weights);
      Map<String, String> settings =
          Map.of(
              "adapters.s3.bucket", "models",
              "adapters.s3.prefix", "lora/",
              "adapters.s3.endpoint", server.endpoint().toString(),
              "adapters.s3.path-style", "true",
              "adapters.s3.access-key-id", "id",
              "adapters.s3.secret-access-key", "secret",
              "adapters.cache.folder", folder.toString(),
              "adapters.memory-bytes-max", "0",
              "adapters.pinned", "acme/other");
      Adapters adapters =
          Adapters.open(config(settings), models, (id, adapter) -> prepared.add(adapter));
      for (int i = 0; i < 3; i++) {
        assertThat(adapters.shelf().get(ACME, "m", "tone", "acme/tone", version).version())
            .isEqualTo(version);
      }
      assertThat(server.requests).hasSize(2);
      adapters.close().run();
    }
  }

  @Test
  void wantsExactlyOneStore() {
    Map<String, String> both = Map.of("adapters-root", "x", "adapters.s3.bucket", "models");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Adapters.open(config(Map.of()), models, (id, adapter) -> prepared.add(adapter)))
        .withMessageContaining("exactly one");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Adapters.open(config(both), models, (id, adapter) -> prepared.add(adapter)))
        .withMessageContaining("exactly one");
  }

  @Test
  void wantsAWholeAccessKey() {
    Map<String, String> half =
        Map.of("adapters.s3.bucket", "models", "adapters.s3.access-key-id", "id");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> Adapters.open(config(half), models, (id, adapter) -> prepared.add(adapter)))
        .withMessageContaining("both or neither");
  }
}
