package dev.cofferdam.worker.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.cofferdam.fuzz.Fuzz;
import dev.cofferdam.worker.model.ElementType;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.SafetensorsWriter;
import dev.cofferdam.worker.model.TinyModel;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftAdapterReaderTest {
  private final ModelConfig model = TinyModel.llama().parsed();
  private final SplittableRandom random = new SplittableRandom(1);
  private final TinyAdapter tiny =
      new TinyAdapter(4, 16, EnumSet.of(LoraTarget.QUERY, LoraTarget.DOWN));
  private final byte[] weights = tiny.weights(model, random);

  private LoraAdapter read(String config, byte[] weights) {
    return new PeftAdapterReader(model).read("a", config.getBytes(StandardCharsets.UTF_8), weights);
  }

  @Test
  void readsRankScaleAndModules() {
    LoraAdapter adapter =
        read(tiny.config().replace("\"use_rslora\":true", "\"use_rslora\":false"), weights);
    assertThat(adapter.rank()).isEqualTo(4);
    assertThat(adapter.scale()).isEqualTo(4f);
    assertThat(adapter.layers()).isEqualTo(2);
    assertThat(adapter.module(1, LoraTarget.DOWN)).isPresent();
    assertThat(adapter.module(1, LoraTarget.DOWN).orElseThrow().a()).hasSize(4 * 64);
    assertThat(adapter.module(0, LoraTarget.VALUE)).isEmpty();
    assertThat(adapter.weightBytes()).isEqualTo(4 * 2 * (4 * (48 + 48) + 4 * (64 + 48)));
    assertThat(adapter.version()).hasSize(64);
  }

  /** The gateway's tests pin the same answer; {@code sha256sum FILES | sha256sum} gives it too. */
  @Test
  void theVersionIsTheDigestThatTheGatewayComputes() {
    byte[] config = "{}".getBytes(StandardCharsets.UTF_8);
    byte[] content = "weights".getBytes(StandardCharsets.UTF_8);
    assertThat(PeftAdapterReader.version(config, content))
        .isEqualTo("b67bf92f07566d661151ba460028eaff65e2f84746b31ea10f15282a292252ac");
  }

  @Test
  void scalesByTheRootOfTheRankWhenRankStabilised() {
    assertThat(read(tiny.config(), weights).scale()).isEqualTo(8f);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'use_dora':false | 'use_dora':true | use_dora",
        "'bias':'none' | 'bias':'all' | bias",
        "'modules_to_save':null | 'modules_to_save':['lm_head'] | modules_to_save",
        "'rank_pattern':{} | 'rank_pattern':{'q_proj':8} | rank_pattern",
        "'peft_type':'LORA' | 'peft_type':'IA3' | peft_type",
        "'init_lora_weights':true | 'init_lora_weights':'pissa' | init_lora_weights",
        "'r':4 | 'r':0 | r",
        "'r':4 | 'r':513 | r",
        "'lora_alpha':16.0 | 'lora_alpha':null | lora_alpha",
        "'q_proj' | 'embed_tokens' | target_modules",
        "['q_proj','down_proj'] | '.*_proj' | target_modules",
      })
  void refusesByNameWhatItDoesNotSupport(String from, String to, String setting) {
    String changed = tiny.config().replace(from.replace('\'', '"'), to.replace('\'', '"'));
    assertThat(changed).isNotEqualTo(tiny.config());
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> read(changed, weights))
        .withMessageStartingWith("adapter_config.json: " + setting + ": ");
  }

  @Test
  void refusesAnAdapterOfAnotherModel() {
    ModelConfig wider =
        new TinyModel("llama", 20, 52, 64, 2, 4, 2, 12, 256, true, false, "{}", ElementType.F32)
            .parsed();
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> read(tiny.config(), tiny.weights(wider, random)))
        .withMessageContaining("does not fit the rank and the model");
  }

  @Test
  void refusesAMissingAndASurplusTensor() {
    byte[] queryOnly = new TinyAdapter(4, 16, EnumSet.of(LoraTarget.QUERY)).weights(model, random);
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> read(tiny.config(), queryOnly))
        .withMessageContaining("is missing");
    byte[] more = new TinyAdapter(4, 16, EnumSet.allOf(LoraTarget.class)).weights(model, random);
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> read(tiny.config(), more))
        .withMessageContaining("does not call for");
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void refusesWeightsThatAreNotFinite(float bad) {
    SafetensorsWriter file = new SafetensorsWriter();
    for (int layer = 0; layer < 2; layer++) {
      float[] b = new float[48];
      b[17] = layer == 1 ? bad : 0;
      file.add(LoraTarget.QUERY.nameOfA(layer), ElementType.F32, new float[48], 1, 48);
      file.add(LoraTarget.QUERY.nameOfB(layer), ElementType.F32, b, 48, 1);
    }
    String config = new TinyAdapter(1, 1, EnumSet.of(LoraTarget.QUERY)).config();
    assertThatExceptionOfType(BadAdapterException.class)
        .isThrownBy(() -> read(config, file.bytes()))
        .withMessageContaining(
            "layers.1.self_attn.q_proj.lora_B.weight has a weight that is not finite");
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6})
  void damagedFilesAreReadOrRefusedAndNeverBelieved(long seed) {
    SplittableRandom damage = new SplittableRandom(seed);
    byte[] config = tiny.config().getBytes(StandardCharsets.UTF_8);
    PeftAdapterReader reader = new PeftAdapterReader(model);
    Fuzz.run(
        damage,
        () -> config,
        BadAdapterException.class,
        bytes -> assertThat(reader.read("a", bytes, weights).layers()).isEqualTo(2));
    Fuzz.run(
        damage,
        () -> weights,
        BadAdapterException.class,
        bytes -> assertThat(reader.read("a", config, bytes).layers()).isEqualTo(2));
  }
}
