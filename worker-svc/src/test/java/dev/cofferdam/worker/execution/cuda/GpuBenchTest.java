package dev.cofferdam.worker.execution.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.worker.app.bench.GpuBench;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bench runs to its end; its figures mean something on a device only. */
class GpuBenchTest {
  @TempDir Path folder;

  @BeforeEach
  void load() {
    FakeDriver.assumeLoaded();
  }

  @Test
  void aSmallRunGivesEveryFigureAndLeavesNothingOnTheDevice() throws Exception {
    Path file = folder.resolve("gpu.json");
    GpuBench.main(new String[] {file.toString(), "small"});
    Set<String> metrics = new HashSet<>();
    for (JsonNode figure : new ObjectMapper().readTree(Files.readAllBytes(file))) {
      metrics.add(figure.path("metric").asText());
    }
    assertThat(metrics)
        .contains(
            "copy_gb_s",
            "decode_b1_hbm_share",
            "decode_b4_hbm_share",
            "decode_b4_int8_hbm_share",
            "decode_b4_int8_over_bf16",
            "decode_b4_fp8_over_bf16",
            "attention_8k_fp8_hbm_share",
            "prefill_8k_fp8_over_bf16",
            "attention_8k_hbm_share",
            "prefill_8k_tok_s",
            "lora16_cost",
            "lora64_cost",
            "zeroing_memset_ratio",
            "aes_gb_s",
            "always_encrypted_share",
            "host_step_us");
    assertThat(FakeDriver.misuse()).isEmpty();
    assertThat(FakeDriver.live()).isZero();
  }
}
