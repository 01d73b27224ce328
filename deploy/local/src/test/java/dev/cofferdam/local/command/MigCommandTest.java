package dev.cofferdam.local.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MigCommandTest {
  private static final List<String> FITS =
      List.of(
          "plan",
          "--gpu",
          "A100-80GB",
          "--want",
          "acme:memory=40,compute=3",
          "--want",
          "globex:profile=4g.40gb");

  @TempDir Path directory;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @Test
  void aPlanShowsPlacesCommandsAndConfiguration() throws Exception {
    assertThat(run(FITS)).isZero();

    assertThat(text())
        .contains("2 of 2 instances on 1 of 1 GPUs, 0 of their memory slices not asked for")
        .contains("memory slice 4:4  3g.40gb      acme (40 GB and 3/7 compute)")
        .contains("  nvidia-smi -i 0 -mig 1\n  nvidia-smi mig -i 0 -cgi 9:4,5:0 -C\n")
        .contains("\"3g.40gb\": 1");
  }

  @Test
  void aFileGivesTheSamePlanAsOptions() throws Exception {
    Files.writeString(
        directory.resolve("gpus.yaml"),
        """
        gpus:
          - kind: A100-80GB
        instances:
          - {tenant: acme, memory_gb: 40, compute: 3}
          - {tenant: globex, profile: 4g.40gb}
        """);
    run(FITS);
    String fromOptions = text();
    written.reset();

    run(List.of("plan", "gpus.yaml"));

    assertThat(text()).isEqualTo(fromOptions);
  }

  @Test
  void programsReadTheSameAsJsonAndLearnWhatHasNoPlace() throws Exception {
    int status =
        run(
            List.of(
                "plan",
                "--gpu",
                "H200-141GB=1",
                "--want",
                "acme:memory=71,compute=4,count=2",
                "--json"));

    JsonNode plan = new ObjectMapper().readTree(text());
    assertThat(status).isEqualTo(1);
    assertThat(plan.get("complete").asBoolean()).isFalse();
    assertThat(plan.get("instances").get(0).get("profile").asText()).isEqualTo("4g.71gb");
    assertThat(plan.get("unplaced").get(0).get("reason").asText()).contains("1 more H200-141GB");
    assertThat(plan.get("commands").get(1).asText()).isEqualTo("nvidia-smi mig -i 0 -cgi 5:0 -C");
  }

  @Test
  void aWrongLineSaysWhatIsExpected() {
    refused("--gpu: B200 (expected one of: A100-40GB", "--gpu", "B200", "--want", "a:memory=1");
    refused(
        "--want: memory: 0 (expected: 1 to 1000)", "--gpu", "A100-40GB", "--want", "a:memory=0");
    refused(
        "--want: a:compute=1 (expected: profile", "--gpu", "A100-40GB", "--want", "a:compute=1");
    refused("--want: b=1 (expected: memory=", "--gpu", "A100-40GB", "--want", "a:memory=1,b=1");
    refused("no file none.yaml", "none.yaml");
    refused("mig plan FILE, or mig plan --gpu");
  }

  private void refused(String problem, String... rest) {
    List<String> line = new java.util.ArrayList<>(List.of("plan"));
    line.addAll(List.of(rest));
    assertThatThrownBy(() -> run(line))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith(problem);
  }

  private int run(List<String> line) throws Exception {
    return new MigCommand(directory, new PrintStream(written, true, StandardCharsets.UTF_8))
        .run(line);
  }

  private String text() {
    return written.toString(StandardCharsets.UTF_8);
  }
}
