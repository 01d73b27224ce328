import com.github.tjake.jlama.math.ActivationFunction;
import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.llama.LlamaConfig;
import com.github.tjake.jlama.model.llama.LlamaModel;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorIndex;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Jlama on the bench's random model. For each line that it reads it measures once: tokens per
 * second of a decode at batch 1 after 16 tokens, and of a prompt of 512 tokens, both with the token
 * chosen greedily from the logits. Argument: folder with model.safetensors in BF16.
 */
public final class JlamaPeer {
  private static final int PROMPT = 16;
  private static final int DECODE = 24;
  private static final int PREFILL = 512;

  public static void main(String[] arguments) throws Exception {
    LlamaConfig config =
        new LlamaConfig(
            4096, 1024, 2816, 16, 8, 16, 1e-5f, 32_000, 1, 2, ActivationFunction.Type.SILU,
            10_000.0, Map.of());
    SafeTensorIndex weights = SafeTensorIndex.loadSingleFile(Path.of(arguments[0]), "model.safetensors");
    AbstractModel model =
        new LlamaModel(config, weights, null, DType.F32, DType.BF16, Optional.empty());
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    while (lines.readLine() != null) {
      System.out.println(decode(model) + " " + prefill(model));
    }
  }

  private static double decode(AbstractModel model) {
    try (KvBufferCache.KvBuffer kv = kv(model)) {
      int token = next(model, last(model.batchForward(prompt(PROMPT), 0, kv)));
      long begun = System.nanoTime();
      for (int i = 0; i < DECODE; i++) {
        token = next(model, model.forward(token, PROMPT + i, kv, Optional.empty()));
      }
      return DECODE / ((System.nanoTime() - begun) / 1e9);
    }
  }

  private static double prefill(AbstractModel model) {
    try (KvBufferCache.KvBuffer kv = kv(model)) {
      long begun = System.nanoTime();
      next(model, last(model.batchForward(prompt(PREFILL), 0, kv)));
      return PREFILL / ((System.nanoTime() - begun) / 1e9);
    }
  }

  private static KvBufferCache.KvBuffer kv(AbstractModel model) {
    return new KvBufferCache(model).getEphemeralKvBuffer();
  }

  private static int[] prompt(int tokens) {
    return IntStream.range(0, tokens).map(i -> 3 + i * 31 % 31_000).toArray();
  }

  private static AbstractTensor last(AbstractTensor rows) {
    return rows.slice(rows.shape().first() - 1);
  }

  private static int next(AbstractModel model, AbstractTensor output) {
    float[] logits = model.getLogits(output);
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }
}
