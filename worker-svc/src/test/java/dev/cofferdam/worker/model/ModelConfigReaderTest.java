package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigReaderTest {
  private static final String BASE =
      """
      {"model_type":"llama","vocab_size":128256,"hidden_size":4096,"intermediate_size":14336,
       "num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,
       "max_position_embeddings":131072,"rms_norm_eps":1e-5,"hidden_act":"silu"}
      """;

  private static ModelConfig parse(String... changes) {
    String json = BASE.strip();
    for (String change : changes) {
      String name = change.substring(0, change.indexOf(':') + 1);
      json = json.replaceFirst(name + "[^,}]*,?", "");
      json = json.substring(0, json.lastIndexOf('}')).strip();
      json = (json.endsWith(",") ? json : json + ",") + change + "}";
    }
    return ModelConfigReader.parse(json.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsTheGeometryAndFillsInTheHeadDimension() {
    ModelConfig model = parse();
    assertThat(model.headDimension()).isEqualTo(128);
    assertThat(model.kvWidth()).isEqualTo(1024);
    assertThat(model.ropeTheta()).isEqualTo(10_000);
    assertThat(model.qkvBias()).isFalse();
    assertThat(model.parameters()).isEqualTo(8_029_995_008L);
  }

  @Test
  void readsTheRotaryBaseFromTheOldAndTheNewPlace() {
    assertThat(parse("\"rope_theta\":500000.0").ropeTheta()).isEqualTo(500_000);
    assertThat(
            parse("\"rope_parameters\":{\"rope_theta\":250000.0,\"rope_type\":\"default\"}")
                .ropeTheta())
        .isEqualTo(250_000);
  }

  @Test
  void readsLinearAndLlama3ScalingFromTheOldAndTheNewPlace() {
    assertThat(parse("\"rope_scaling\":{\"type\":\"linear\",\"factor\":4.0}").ropeScaling())
        .isEqualTo(new RopeScaling.Linear(4));
    String llama3 =
        "{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
            + "\"original_max_position_embeddings\":8192}";
    RopeScaling expected = new RopeScaling.Llama3(8, 1, 4, 8192);
    assertThat(parse("\"rope_scaling\":" + llama3).ropeScaling()).isEqualTo(expected);
    assertThat(parse("\"rope_parameters\":" + llama3).ropeScaling()).isEqualTo(expected);
  }

  @Test
  void readsYarnWithTheDefaultsOfThePaper() {
    RopeScaling yarn =
        parse(
                "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4.0,\"original_max_position_embeddings\":32768}")
            .ropeScaling();
    // 128 · ln(32768 / (32 · 2π)) / (2 · ln 10000) = 35.4…, and 59.5… for one rotation
    assertThat(yarn).isEqualTo(new RopeScaling.Yarn(4, 35, 60, 0.1 * StrictMath.log(4) + 1));
    assertThat(yarn.scale(35, 1)).isEqualTo(1);
    assertThat(yarn.scale(60, 1)).isEqualTo(0.25);
  }

  @Test
  void llama3KeepsShortWavelengthsAndStretchesLongOnes() {
    RopeScaling scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
    assertThat(scaling.scale(0, 1)).isEqualTo(1);
    assertThat(scaling.scale(0, 1e-5)).isEqualTo(1e-5 / 8);
    double between =
        2 * Math.PI / 4096; // half way in between: 8192 / 4096 = 2, so (2 - 1) / (4 - 1) is kept
    assertThat(scaling.scale(0, between))
        .isCloseTo(between * (2.0 / 3 / 8 + 1.0 / 3), within(1e-15));
  }

  private static org.assertj.core.data.Offset<Double> within(double value) {
    return org.assertj.core.data.Offset.offset(value);
  }

  @Test
  void knowsTheBiasesAndNormsOfTheFamilies() {
    ModelConfig qwen2 = parse("\"model_type\":\"qwen2\"");
    assertThat(qwen2.qkvBias()).isTrue();
    assertThat(qwen2.outputBias()).isFalse();
    ModelConfig qwen3 = parse("\"model_type\":\"qwen3\"");
    assertThat(qwen3.qkNorm()).isTrue();
    assertThat(qwen3.qkvBias()).isFalse();
    ModelConfig biased = parse("\"attention_bias\":true");
    assertThat(biased.qkvBias()).isTrue();
    assertThat(biased.outputBias()).isTrue();
  }

  @Test
  void servesNoMorePositionsThanAWindowHolds() {
    assertThat(parse("\"sliding_window\":4096").positionsMax()).isEqualTo(4096);
    assertThat(parse("\"sliding_window\":262144").positionsMax()).isEqualTo(131_072);
    String mistral = "\"model_type\":\"mistral\"";
    assertThat(parse(mistral).positionsMax()).isEqualTo(4096);
    assertThat(parse(mistral, "\"sliding_window\":null").positionsMax()).isEqualTo(131_072);
  }

  @Test
  void aWindowOfQwenCountsWhereItIsUsedOnly() {
    String qwen = "\"model_type\":\"qwen2\"";
    String window = "\"sliding_window\":4096";
    String used = "\"use_sliding_window\":true";
    assertThat(parse(qwen, window).positionsMax()).isEqualTo(131_072);
    assertThat(parse(qwen, window, used).positionsMax()).isEqualTo(4096);
    assertThat(parse(qwen, window, used, "\"max_window_layers\":31").positionsMax())
        .isEqualTo(4096);
    assertThat(parse(qwen, window, used, "\"max_window_layers\":32").positionsMax())
        .isEqualTo(131_072);
    assertThat(parse(qwen, window, used, "\"layer_types\":[\"full_attention\"]").positionsMax())
        .isEqualTo(131_072);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'model_type':'gemma2' | model_type",
        "'layer_types':['linear_attention'] | layer_types",
        "'layer_types':['sliding_attention'] | layer_types",
        "'rope_interleaved':true | rope_interleaved",
        "'rope_scaling':{'rope_type':'yarn','factor':-4.0} | factor",
        "'rope_scaling':{'rope_type':'yarn','factor':4.0,'truncate':3} | truncate",
        "'rope_scaling':{'rope_type':'default','mrope_section':[2,2]} | rope_parameters",
        "'rope_parameters':{'full_attention':{'rope_type':'default'},'rope_type':'default'} | rope_parameters",
        "'rope_scaling':{'type':'dynamic','factor':4.0} | rope_type",
        "'rope_parameters':{'rope_type':'longrope'} | rope_type",
        "'partial_rotary_factor':0.5 | partial_rotary_factor",
        "'mlp_bias':true | mlp_bias",
        "'hidden_act':'gelu' | hidden_act",
        "'quantization_config':{'bits':4} | quantization_config",
        "'final_logit_softcapping':30.0 | final_logit_softcapping",
        "'num_experts':8 | num_experts",
        "'vocab_size':0 | vocab_size",
        "'vocab_size':2.5 | vocab_size",
        "'hidden_size':99999999999 | hidden_size",
        "'num_key_value_heads':5 | num_key_value_heads",
        "'head_dim':7 | head_dim",
        "'rms_norm_eps':0 | rms_norm_eps",
        "'rope_theta':-1 | rope_theta",
        "'rope_theta':1e-300 | rope_theta",
        "'rope_scaling':{'type':'linear','factor':1e-300} | rope_theta",
        "'tie_word_embeddings':1 | tie_word_embeddings",
      })
  void refusesByNameWhatWouldChangeTheNumbers(String change, String setting) {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> parse(change.replace('\'', '"')))
        .withMessageStartingWith("config.json: " + setting + ": ");
  }

  @Test
  void refusesAMissingSettingByName() {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(
            () ->
                ModelConfigReader.parse(
                    "{\"model_type\":\"llama\"}".getBytes(StandardCharsets.UTF_8)))
        .withMessageStartingWith("config.json: hidden_size");
  }
}
