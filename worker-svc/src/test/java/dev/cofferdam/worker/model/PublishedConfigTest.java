package dev.cofferdam.worker.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Configurations as the families' makers publish them, and their known numbers of parameters. */
class PublishedConfigTest {
  private static final String LLAMA3_SCALING =
      "'rope_scaling':{'factor':%s,'high_freq_factor':4.0,'low_freq_factor':1.0,"
          + "'original_max_position_embeddings':8192,'rope_type':'llama3'},'rope_theta':500000.0";

  static Stream<Arguments> published() {
    return Stream.of(
        Arguments.of(
            "Llama 2 7B",
            6_738_415_616L,
            4096,
            "'model_type':'llama','vocab_size':32000,'hidden_size':4096,'intermediate_size':11008,"
                + "'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':32,"
                + "'max_position_embeddings':4096,'rms_norm_eps':1e-05,'rope_scaling':null,"
                + "'pretraining_tp':1,'torch_dtype':'float16','tie_word_embeddings':false"),
        Arguments.of(
            "Llama 3.1 8B",
            8_030_261_248L,
            131_072,
            "'model_type':'llama','vocab_size':128256,'hidden_size':4096,'intermediate_size':14336,"
                + "'num_hidden_layers':32,'num_attention_heads':32,'num_key_value_heads':8,"
                + "'max_position_embeddings':131072,'rms_norm_eps':1e-05,'mlp_bias':false,"
                + LLAMA3_SCALING.formatted("8.0")),
        Arguments.of(
            "Llama 3.2 1B",
            1_235_814_400L,
            131_072,
            "'model_type':'llama','vocab_size':128256,'hidden_size':2048,'intermediate_size':8192,"
                + "'num_hidden_layers':16,'num_attention_heads':32,'num_key_value_heads':8,"
                + "'head_dim':64,'max_position_embeddings':131072,'rms_norm_eps':1e-05,"
                + "'tie_word_embeddings':true,"
                + LLAMA3_SCALING.formatted("32.0")),
        Arguments.of(
            "Mistral 7B v0.1",
            7_241_732_096L,
            4096,
            "'model_type':'mistral','vocab_size':32000,'hidden_size':4096,"
                + "'intermediate_size':14336,'num_hidden_layers':32,'num_attention_heads':32,"
                + "'num_key_value_heads':8,'max_position_embeddings':32768,'rms_norm_eps':1e-05,"
                + "'rope_theta':10000.0,'sliding_window':4096,'torch_dtype':'bfloat16'"),
        Arguments.of(
            "Mistral 7B v0.3",
            7_248_023_552L,
            32_768,
            "'model_type':'mistral','vocab_size':32768,'hidden_size':4096,"
                + "'intermediate_size':14336,'num_hidden_layers':32,'num_attention_heads':32,"
                + "'num_key_value_heads':8,'max_position_embeddings':32768,'rms_norm_eps':1e-05,"
                + "'rope_theta':1000000.0,'sliding_window':null,'torch_dtype':'bfloat16'"),
        Arguments.of(
            "Qwen 2.5 0.5B",
            494_032_768L,
            32_768,
            "'model_type':'qwen2','vocab_size':151936,'hidden_size':896,'intermediate_size':4864,"
                + "'num_hidden_layers':24,'num_attention_heads':14,'num_key_value_heads':2,"
                + "'max_position_embeddings':32768,'rms_norm_eps':1e-06,'rope_theta':1000000.0,"
                + "'sliding_window':32768,'max_window_layers':21,'use_sliding_window':false,"
                + "'tie_word_embeddings':true"),
        Arguments.of(
            "Qwen 3 0.6B",
            596_049_920L,
            40_960,
            "'model_type':'qwen3','vocab_size':151936,'hidden_size':1024,'intermediate_size':3072,"
                + "'num_hidden_layers':28,'num_attention_heads':16,'num_key_value_heads':8,"
                + "'head_dim':128,'max_position_embeddings':40960,'rms_norm_eps':1e-06,"
                + "'attention_bias':false,'rope_theta':1000000,'rope_scaling':null,"
                + "'sliding_window':null,'max_window_layers':28,'use_sliding_window':false,"
                + "'tie_word_embeddings':true"),
        Arguments.of(
            "SmolLM2 135M",
            134_515_008L,
            8192,
            "'model_type':'llama','vocab_size':49152,'hidden_size':576,'intermediate_size':1536,"
                + "'num_hidden_layers':30,'num_attention_heads':9,'num_key_value_heads':3,"
                + "'max_position_embeddings':8192,'rms_norm_eps':1e-05,'rope_interleaved':false,"
                + "'is_llama_config':true,'rope_theta':100000,'rope_scaling':null,"
                + "'tie_word_embeddings':true"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("published")
  void isReadWithAsManyParametersAsPublished(
      String name, long parameters, int positionsMax, String settings) {
    ModelConfig model =
        ModelConfigReader.parse(
            ("{" + settings.replace('\'', '"') + "}").getBytes(StandardCharsets.UTF_8));
    long inLayers =
        Arrays.stream(LayerTensor.values())
            .filter(tensor -> tensor.in(model))
            .mapToLong(
                tensor -> Arrays.stream(tensor.shape(model)).reduce(1, (all, one) -> all * one))
            .sum();
    long outside = (long) model.vocabularySize() * model.hidden();
    assertThat(
            model.layers() * inLayers
                + model.hidden()
                + (model.tiedEmbeddings() ? outside : 2 * outside))
        .isEqualTo(parameters);
    assertThat(model.positionsMax()).isEqualTo(positionsMax);
  }
}
