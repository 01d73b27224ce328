package dev.cofferdam.worker.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.worker.execution.Golden;
import dev.cofferdam.worker.execution.RelativeError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LogitsTest {
  private static final String MODEL = "src/test/resources/golden/tiny-qwen3";

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    return Logits.run(
        arguments,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void printsTheLogitsAndTheContinuationAsOneJsonObject(String executor) throws IOException {
    for (Golden golden : Golden.all()) {
      if (!golden.name().endsWith("length-9") && !golden.name().startsWith("support-desknordic")) {
        continue;
      }
      List<String> line =
          new ArrayList<>(
              List.of(
                  golden.model().toString(),
                  "--tokens",
                  Arrays.stream(golden.ids())
                      .mapToObj(Integer::toString)
                      .collect(Collectors.joining(",")),
                  "--greedy",
                  "4",
                  "--executor",
                  executor));
      golden.adapter().ifPresent(folder -> line.addAll(List.of("--adapter", folder.toString())));
      out.reset();
      assertThat(run(line.toArray(String[]::new))).isZero();
      JsonNode json = new ObjectMapper().readTree(out.toByteArray());
      assertThat(json.get("executor").asText()).isEqualTo(executor);
      assertThat(json.get("logits")).hasSize(golden.logits().length);
      for (int token = 0; token < golden.logits().length; token++) {
        double expected = golden.logits()[token];
        assertThat(json.get("logits").get(token).doubleValue())
            .isCloseTo(expected, Offset.offset(1e-4 * (1 + Math.abs(expected))));
      }
      for (int i = 0; i < 4; i++) {
        assertThat(json.get("greedy").get(i).intValue()).isEqualTo(golden.greedy()[i]);
      }
    }
    assertThat(err.size()).isZero();
  }

  @Test
  void bf16IsExactForAModelThatIsStoredSo() throws IOException {
    assertThat(logits("bf16", "--kv", "f32")).isEqualTo(logits("f32"));
  }

  @Test
  void keysAndValuesInBf16ChangeLogitsByLessThanAHundredth() throws IOException {
    double[] exact = logits("f32");
    double[] rounded = logits("f32", "--kv", "bf16");
    assertThat(rounded).isNotEqualTo(exact).isEqualTo(logits("bf16"));
    for (int i = 0; i < exact.length; i++) {
      assertThat(rounded[i]).isCloseTo(exact[i], Offset.offset(1e-2 * (1 + Math.abs(exact[i]))));
    }
  }

  @Test
  void nativeKernelsSayTheSameInF32OrWhyTheyCannot() throws IOException {
    double[] byJava = logits("f32");
    out.reset();
    int status = run(MODEL, "--tokens", "3,1,4,1,5", "--kernels", "native");
    if (status == 0) {
      JsonNode answer = new ObjectMapper().readTree(out.toByteArray());
      assertThat(answer.get("kernels").asText()).isEqualTo("native");
      JsonNode json = answer.get("logits");
      assertThat(IntStream.range(0, json.size()).mapToDouble(i -> json.get(i).doubleValue()))
          .containsExactly(Arrays.stream(byJava).boxed().toArray(Double[]::new));
    } else {
      assertThat(status).isEqualTo(2);
      assertThat(err.toString(StandardCharsets.UTF_8))
          .startsWith("logits: native kernels for F32: ");
    }
  }

  @Test
  void int8SaysAlmostWhatF32Says() throws IOException {
    double[] exact = logits("f32");
    double[] rounded = logits("int8");
    RelativeError error = new RelativeError();
    for (int i = 0; i < exact.length; i++) {
      error.add(rounded[i], exact[i]);
    }
    assertThat(error.value()).isBetween(1e-6, 0.05);
  }

  private double[] logits(String dtype, String... more) throws IOException {
    out.reset();
    List<String> line = new ArrayList<>(List.of(MODEL, "--tokens", "3,1,4,1,5", "--dtype", dtype));
    line.addAll(List.of(more));
    assertThat(run(line.toArray(String[]::new))).isZero();
    JsonNode json = new ObjectMapper().readTree(out.toByteArray());
    assertThat(json.get("dtype").asText()).isEqualTo(dtype);
    return IntStream.range(0, 160)
        .mapToDouble(i -> json.get("logits").get(i).doubleValue())
        .toArray();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tokens 1 | a model is missing",
        "MODEL | --tokens is missing",
        "MODEL --tokens 1,x | --tokens: x",
        "MODEL --tokens 1, | --tokens:",
        "MODEL --tokens 160 | --tokens: 160 (expected: below 160)",
        "MODEL --tokens 1 --greedy 512 | the model's 512 positions",
        "MODEL --tokens 1 --greedy | --greedy needs a value",
        "MODEL --tokens 1 --executor gpu | --executor: gpu",
        "MODEL --tokens 1 --dtype fp8 | --dtype: fp8",
        "MODEL --tokens 1 --dtype int8 --executor reference | --dtype: int8",
        "MODEL --tokens 1 --loud | unexpected argument --loud",
        "MODEL --tokens 1 --adapter nowhere | adapter_config.json: missing",
        "nowhere --tokens 1 | nowhere: there is no such model",
      })
  void refusesWithAMessageAndStatus2(String line, String message) {
    assertThat(run(line.replace("MODEL", MODEL).split(" "))).isEqualTo(2);
    assertThat(out.size()).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("logits: ").contains(message);
  }

  @Test
  void aDamagedModelIsRefusedWithTheFileAtFault(@TempDir Path folder) throws IOException {
    for (String name : List.of("config.json", "model.safetensors")) {
      Files.copy(Path.of(MODEL, name), folder.resolve(name));
    }
    byte[] weights = Files.readAllBytes(folder.resolve("model.safetensors"));
    Files.write(folder.resolve("model.safetensors"), Arrays.copyOf(weights, weights.length - 1));
    assertThat(run(folder.toString(), "--tokens", "1")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("model.safetensors: ");
  }
}
