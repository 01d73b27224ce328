package dev.cofferdam.worker.adapter.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraTarget;
import dev.cofferdam.worker.adapter.TinyAdapter;
import dev.cofferdam.worker.adapter.registry.folder.AdapterFolder;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterRegistryTest {
  @TempDir Path temp;

  private final ModelConfig model = TinyModel.llama().parsed();
  private final TinyAdapter tiny = new TinyAdapter(2, 4, EnumSet.of(LoraTarget.VALUE));
  private Path root;
  private String version;
  private AdapterRegistry registry;
  private final Map<String, AdapterFiles> kept = new HashMap<>();
  private final AdapterCache cache =
      new AdapterCache() {
        @Override
        public Optional<AdapterFiles> find(AdapterPath path, String version) {
          return Optional.ofNullable(kept.get(path + version));
        }

        @Override
        public void keep(AdapterPath path, String version, AdapterFiles files) {
          kept.put(path + version, files);
        }
      };

  @BeforeEach
  void write() throws IOException {
    root = temp.resolve("adapters");
    version = tiny.write(root.resolve("acme/tone"), model, new SplittableRandom(1));
    tiny.write(temp.resolve("outside"), model, new SplittableRandom(1));
    registry = new AdapterRegistry(new AdapterFolder(root), cache, model);
  }

  @Test
  void loadsTheVersionThatWasAskedFor() {
    assertThat(registry.load("acme/tone", version).version()).isEqualTo(version);
    assertThat(registry.load("acme/tone", version).name()).isEqualTo("tone");
  }

  @Test
  void takesFromTheCacheWhatItHoldsAndKeepsWhatItFetched() throws IOException {
    registry.load("acme/tone", version);
    assertThat(kept).containsOnlyKeys("acme/tone" + version);
    Files.delete(root.resolve("acme/tone/adapter_config.json"));
    assertThat(registry.load("acme/tone", version).version()).isEqualTo(version);
  }

  @Test
  void fetchesAnewWhenTheCacheHoldsSomethingElse() {
    kept.put("acme/tone" + version, new AdapterFiles(new byte[0], new byte[0]));
    assertThat(registry.load("acme/tone", version).version()).isEqualTo(version);
  }

  @Test
  void keepsNothingOfAnotherVersion() {
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("acme/tone", "0".repeat(64)))
        .withMessageStartingWith("version: ");
    assertThat(kept).isEmpty();
  }

  @Test
  void refusesFilesOfAnotherVersion() throws IOException {
    tiny.write(root.resolve("acme/tone"), model, new SplittableRandom(2));
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("acme/tone", version))
        .withMessageStartingWith("version: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "abc", "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789"})
  void refusesSomethingThatIsNoVersion(String expected) {
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("acme/tone", expected))
        .withMessage("version: not 64 hexadecimal digits");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside",
        "acme/../../outside",
        "/outside",
        "",
        ".",
        "acme//tone",
        "acme/tone/",
        "acme\\tone",
        "acme/.",
        "a\0b",
        "1/2/3/4/5/6/7/8/9"
      })
  void refusesAFolderThatIsNoPlainPathBelowTheRoot(String folder) {
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load(folder, version))
        .withMessageStartingWith("folder: ");
  }

  @Test
  void refusesLinksThatLeadOutOfTheRoot() throws IOException {
    Files.createSymbolicLink(root.resolve("leak"), temp.resolve("outside"));
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("leak", version))
        .withMessage("adapter_config.json: outside of the root of the adapters");
    Path partly = Files.createDirectory(root.resolve("partly"));
    Files.copy(
        root.resolve("acme/tone/adapter_config.json"), partly.resolve("adapter_config.json"));
    Files.createSymbolicLink(
        partly.resolve("adapter_model.safetensors"),
        temp.resolve("outside/adapter_model.safetensors"));
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("partly", version))
        .withMessage("adapter_model.safetensors: outside of the root of the adapters");
  }

  @Test
  void refusesAFolderThatIsNotThere() {
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> registry.load("acme/other", version))
        .withMessage("adapter_config.json: missing");
  }
}
