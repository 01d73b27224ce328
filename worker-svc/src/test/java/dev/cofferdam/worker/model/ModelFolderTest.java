package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
  @TempDir Path folder;

  private final TinyModel tiny = TinyModel.llama();
  private final SplittableRandom random = new SplittableRandom(1);

  @Test
  void readsShardsThatAnIndexNames() throws IOException {
    ModelWeights single = tiny.write(folder, random);
    SafetensorsFile file = SafetensorsFile.map(folder.resolve("model.safetensors"));
    SafetensorsWriter[] shards = {new SafetensorsWriter(), new SafetensorsWriter()};
    StringBuilder map = new StringBuilder();
    int n = 0;
    for (TensorEntry entry : file.entries().values()) {
      long[] shape = entry.shape().stream().mapToLong(Long::longValue).toArray();
      shards[n % 2].add(entry.name(), ElementType.F32, single.read(entry.name()), shape);
      map.append(
          ",\"%s\":\"model-%05d-of-00002.safetensors\"".formatted(entry.name(), n++ % 2 + 1));
    }
    Path sharded = Files.createDirectory(folder.resolve("sharded"));
    Files.writeString(sharded.resolve("config.json"), tiny.config());
    Files.write(sharded.resolve("model-00001-of-00002.safetensors"), shards[0].bytes());
    Files.write(sharded.resolve("model-00002-of-00002.safetensors"), shards[1].bytes());
    Files.writeString(
        sharded.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{" + map.substring(1) + "}}");

    ModelWeights weights = ModelWeights.load(sharded);

    assertThat(weights.read(ModelWeights.EMBEDDING)).isEqualTo(single.read(ModelWeights.EMBEDDING));
    assertThat(weights.read(LayerTensor.DOWN.name(1)))
        .isEqualTo(single.read(LayerTensor.DOWN.name(1)));
  }

  @Test
  void refusesAnIndexThatNamesAFileElsewhere() throws IOException {
    tiny.write(folder, random);
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"../model.safetensors\"}}");
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelWeights.load(folder))
        .withMessageContaining("no plain file name");
  }

  @Test
  void refusesAnIndexThatItsShardsContradict() throws IOException {
    tiny.write(folder, random);
    byte[] all = Files.readAllBytes(folder.resolve("model.safetensors"));
    Files.write(folder.resolve("a.safetensors"), all);
    Files.write(folder.resolve("b.safetensors"), all);
    String names =
        SafetensorsFile.map(folder.resolve("a.safetensors")).entries().keySet().stream()
            .map(name -> "\"" + name + "\":\"a.safetensors\"")
            .collect(java.util.stream.Collectors.joining(","));
    assertIndexRefused(names.replaceFirst("a.safetensors", "b.safetensors"), "disagree");
    assertIndexRefused(names + ",\"more\":\"a.safetensors\"", "disagree");
    assertIndexRefused(names.substring(names.indexOf(',') + 1), "disagree");
    assertIndexRefused(names + ",\"more\":\"c.safetensors\"", "c.safetensors: missing");
    assertIndexRefused("", "not between 1 and");
    assertIndexRefused("\"x\":7", "no plain file name");
  }

  private void assertIndexRefused(String entries, String complaint) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{" + entries + "}}");
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelWeights.load(folder))
        .withMessageContaining(complaint);
  }

  @Test
  void refusesAWeightThatIsNotFinite() throws IOException {
    tiny.write(folder, random);
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    for (int infinity : new int[] {0x7F800000, 0xFF800000, 0x7FC00000}) {
      for (int i = 0; i < Float.BYTES; i++) {
        bytes[bytes.length - Float.BYTES + i] = (byte) (infinity >>> (Byte.SIZE * i));
      }
      Files.write(file, bytes);
      ModelWeights weights = ModelWeights.load(folder);
      assertThatExceptionOfType(ModelLoadException.class)
          .isThrownBy(
              () -> {
                for (LayerTensor tensor : LayerTensor.values()) {
                  if (tensor.in(weights.config())) {
                    weights.read(tensor.name(1));
                  }
                }
              })
          .withMessageEndingWith("has a weight that is not finite");
    }
  }

  @Test
  void refusesAFolderInThePlaceOfAFile() throws IOException {
    Files.writeString(folder.resolve("config.json"), tiny.config());
    Files.createDirectory(folder.resolve("model.safetensors"));
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelWeights.load(folder))
        .withMessage("model.safetensors: missing");
  }

  @Test
  void refusesWeightsOfAnotherShape() throws IOException {
    tiny.write(folder, random);
    Files.writeString(
        folder.resolve("config.json"),
        tiny.config().replace("\"vocab_size\":20", "\"vocab_size\":21"));
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelWeights.load(folder))
        .withMessage("weights: model.embed_tokens.weight has the wrong shape");
  }

  @Test
  void refusesATensorThatItWouldIgnore() throws IOException {
    TinyModel biased =
        new TinyModel(
            "llama",
            20,
            48,
            64,
            2,
            4,
            2,
            12,
            256,
            true,
            true,
            "{\"rope_theta\":1e4}",
            ElementType.F32);
    biased.write(folder, random);
    Files.writeString(folder.resolve("config.json"), tiny.config());
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelWeights.load(folder))
        .withMessageContaining("does not have");
  }

  @Test
  void refusesAFolderWithoutWeights() throws IOException {
    Files.writeString(folder.resolve("config.json"), tiny.config());
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> ModelWeights.load(folder))
        .withMessage("neither model.safetensors nor model.safetensors.index.json");
  }

  @Test
  void theDigestIsThatOfTheCommonTools() throws Exception {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(folder.resolve("tokenizer.json"), "[]");
    Files.writeString(folder.resolve("README.md"), "not part of it");
    // sha256sum config.json tokenizer.json | sha256sum
    String lines = sha256("{}") + "  config.json\n" + sha256("[]") + "  tokenizer.json\n";
    assertThat(ModelDigest.of(folder)).isEqualTo(sha256(lines)).hasSize(64);
  }

  /** The gateway's tests pin the same answer. */
  @Test
  void theDigestIsTheOneThatTheGatewayComputes() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(folder.resolve("model.safetensors"), "weights");
    Files.writeString(folder.resolve("tokenizer.json"), "tokens");
    assertThat(ModelDigest.of(folder))
        .isEqualTo("bee89374ab4be8ae988dda5d3aa1794e8bb326098c2566ddacdb4b12de430578");
  }

  private static String sha256(String text) {
    return HexFormat.of()
        .formatHex(FolderDigest.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void theDigestOfASingleFileIsThatOfTheCommonToolsToo() throws Exception {
    Path file = Files.writeString(folder.resolve("model.gguf"), "GGUF");
    assertThat(ModelDigest.of(file)).isEqualTo(sha256(sha256("GGUF") + "  model.gguf\n"));
    assertThat(ModelDigest.of(folder)).isEqualTo(ModelDigest.of(file));
    assertThat(ModelDigest.of(folder.resolve("model"))).isEqualTo(ModelDigest.of(file));
  }

  @Test
  void theDigestChangesWithTheWeights() throws IOException {
    tiny.write(folder, random);
    String before = ModelDigest.of(folder);
    byte[] weights = Files.readAllBytes(folder.resolve("model.safetensors"));
    weights[weights.length - 1] ^= 1;
    Files.write(folder.resolve("model.safetensors"), weights);
    assertThat(ModelDigest.of(folder)).isNotEqualTo(before);
  }
}
