package dev.cofferdam.worker.adapter.registry.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cofferdam.worker.adapter.AdapterUnavailableException;
import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.adapter.registry.AdapterCache;
import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import dev.cofferdam.worker.adapter.registry.AdapterPath;
import dev.cofferdam.worker.adapter.registry.AdapterRegistry;
import dev.cofferdam.worker.adapter.registry.s3.S3Server.Fault;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.TinyModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class S3AdaptersTest {
  private static final AdapterPath TONE = AdapterPath.of("acme/tone");
  private static final String CONFIG = "/models/lora/acme/tone/adapter_config.json";
  private static final String WEIGHTS = "/models/lora/acme/tone/adapter_model.safetensors";
  private static final int ATTEMPTS = 3;

  private final ModelConfig model = TinyModel.llama().parsed();
  private final TinyAdapter tiny = new TinyAdapter(2, 4, EnumSet.of(LoraTarget.VALUE));
  private final byte[] config = tiny.config().getBytes(StandardCharsets.UTF_8);
  private final byte[] weights = tiny.weights(model, new SplittableRandom(1));
  private final String version = new AdapterFiles(config, weights).version();
  private S3Server server;
  private S3Adapters store;
  private AdapterRegistry registry;

  @BeforeEach
  void start() throws IOException {
    server = new S3Server();
    server.objects.put(CONFIG, config);
    server.objects.put(WEIGHTS, weights);
    store =
        new S3Adapters(
            new S3Settings(
                "models",
                "lora/",
                "eu-central-1",
                Optional.of(server.endpoint()),
                true,
                Optional.of(new S3Settings.Credentials("id-of-the-test", "secret")),
                ATTEMPTS,
                Duration.ofMillis(20),
                Duration.ofSeconds(20)));
    registry = new AdapterRegistry(store, AdapterCache.NONE, model);
  }

  @AfterEach
  void stop() {
    store.close();
    server.close();
  }

  @Test
  void loadsTheVersionThatWasAskedForBySignedRequests() {
    assertThat(registry.load("acme/tone", version).version()).isEqualTo(version);
    assertThat(server.requests).extracting(S3Server.Request::path).containsExactly(CONFIG, WEIGHTS);
    assertThat(server.requests)
        .allSatisfy(
            request -> {
              assertThat(request.method()).isEqualTo("GET");
              assertThat(request.authorization())
                  .startsWith("AWS4-HMAC-SHA256 Credential=id-of-the-test/")
                  .contains("/eu-central-1/s3/aws4_request", "Signature=")
                  .doesNotContain("secret");
            });
  }

  @Test
  void refusesFilesOfAnotherVersion() {
    server.objects.put(WEIGHTS, tiny.weights(model, new SplittableRandom(2)));
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("acme/tone", version))
        .withMessageStartingWith("version: ");
  }

  @Test
  void refusesAnAdapterThatIsNotThereWithoutAskingAgain() {
    server.objects.remove(CONFIG);
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> store.read(TONE))
        .withMessage("adapter_config.json: missing");
    assertThat(server.requests).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"UNAVAILABLE", "SLOW_DOWN", "TRUNCATED"})
  void triesAgainWhatFailsInPassing(Fault fault) {
    server.faults.add(fault);
    server.faults.add(fault);
    assertThat(registry.load("acme/tone", version).version()).isEqualTo(version);
    assertThat(server.requests).hasSize(4);
  }

  @ParameterizedTest
  @EnumSource(names = {"UNAVAILABLE", "SLOW_DOWN", "TRUNCATED"})
  void givesUpAfterTheLastAttempt(Fault fault) {
    server.faults.addAll(Collections.nCopies(ATTEMPTS, fault));
    assertThatExceptionOfType(AdapterUnavailableException.class)
        .isThrownBy(() -> store.read(TONE))
        .withMessageStartingWith("adapter_config.json: ");
    assertThat(server.requests).hasSize(ATTEMPTS);
  }

  @ParameterizedTest
  @EnumSource(names = {"DENIED", "NO_BUCKET"})
  void aStoreThatDoesNotLetItInIsNotTheAdaptersFault(Fault fault) {
    server.faults.add(fault);
    assertThatExceptionOfType(AdapterUnavailableException.class)
        .isThrownBy(() -> store.read(TONE))
        .withMessage("adapter_config.json: refused by the store");
    assertThat(server.requests).hasSize(1);
  }

  @Test
  void aStoreThatIsNotThereIsNotTheAdaptersFault() {
    server.close();
    assertThatExceptionOfType(AdapterUnavailableException.class)
        .isThrownBy(() -> store.read(TONE))
        .withMessage("adapter_config.json: the store is not reached");
  }

  @Test
  void refusesAnObjectThatIsTooLargeOrDoesNotSayHowLargeItIs() {
    server.objects.put(CONFIG, new byte[AdapterFiles.CONFIG_BYTES_MAX + 1]);
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> store.read(TONE))
        .withMessage("adapter_config.json: larger than 1048576 bytes");
    server.faults.add(Fault.ENDLESS);
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> store.read(TONE))
        .withMessage("adapter_config.json: larger than 1048576 bytes");
  }
}
