package dev.cofferdam.worker.app;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.StepPlan;
import dev.cofferdam.worker.execution.StepResult;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.execution.cuda.CudaDevice;
import dev.cofferdam.worker.execution.cuda.CudaExecutor;
import dev.cofferdam.worker.execution.cuda.driver.CudaException;
import dev.cofferdam.worker.execution.cuda.driver.CudaUnavailableException;
import dev.cofferdam.worker.execution.reference.ReferenceExecutor;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.model.StrictJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Prints what a model says after given tokens, so that anyone can hold the engine against another
 * implementation: one JSON object with the logits of the last token, and the greedy continuation
 * where it is asked for. Needs no tokenizer.
 *
 * <p>Exit status: 0, or 2 with a message on the error stream.
 */
public final class Logits {
  private static final int BLOCK_TOKENS = 16;
  private static final int ROWS_MAX = 256;
  private static final int ADAPTER_BYTES_MAX = 1 << 30;

  /** Executor and its way to the logits of all tokens after the last step. */
  private record Loaded(ModelExecutor executor, Supplier<IntToDoubleFunction> logits) {}

  private final LogitsOptions options;
  private final ModelConfig model;
  private final Loaded loaded;
  private final int slot;
  private final StepPlan plan;
  private final StepResult result = new StepResult(1);

  private Logits(LogitsOptions options) {
    this.options = options;
    ModelWeights weights = ModelFiles.load(options.model());
    model = weights.config();
    options.check(model);
    int positions = options.tokens().length + options.greedy();
    int blocks = (positions + BLOCK_TOKENS - 1) / BLOCK_TOKENS;
    Optional<LoraAdapter> adapter = options.adapter().map(this::readAdapter);
    loaded =
        create(
            weights,
            new ExecutorOptions(
                blocks,
                BLOCK_TOKENS,
                1,
                1,
                ROWS_MAX,
                options.dtype(),
                options.kv(),
                options.kernels(),
                Runtime.getRuntime().availableProcessors(),
                false));
    slot = adapter.map(loaded.executor::loadAdapter).orElse(0);
    plan = new StepPlan(1, ROWS_MAX, blocks);
    Arrays.setAll(plan.blockTable, block -> block);
  }

  /** Runs the program. */
  public static void main(String[] arguments) {
    System.exit(run(arguments, System.out, System.err));
  }

  /** Runs the program; returns its exit status. */
  static int run(String[] arguments, PrintStream out, PrintStream err) {
    try {
      String json = new Logits(LogitsOptions.parse(arguments)).json();
      out.println(json);
      return 0;
    } catch (IllegalArgumentException
        | ModelLoadException
        | BadAdapterException
        | CudaUnavailableException
        | CudaException e) {
      err.println("logits: " + e.getMessage());
    } catch (OutOfMemoryError e) {
      err.println("logits: the model does not fit into the memory of the JVM");
    } catch (ArithmeticException e) {
      err.println("logits: the model's dimensions are too large for the executor");
    } catch (IOException e) {
      err.println("logits: " + e);
    }
    return 2;
  }

  private Loaded create(ModelWeights weights, ExecutorOptions sizes) {
    if (options.executor().equals("reference")) {
      ReferenceExecutor executor = ReferenceExecutor.create(weights, sizes);
      return new Loaded(executor, () -> executor::logit);
    }
    if (options.executor().equals("cuda")) {
      CudaExecutor executor = CudaExecutor.create(CudaDevice.open(0), weights, sizes);
      return new Loaded(
          executor,
          () -> {
            float[] logits = executor.logits(0);
            return token -> logits[token];
          });
    }
    CpuExecutor executor = CpuExecutor.create(weights, sizes);
    return new Loaded(executor, () -> token -> executor.logit(0, token));
  }

  private LoraAdapter readAdapter(Path folder) {
    return new PeftAdapterReader(model)
        .read(
            String.valueOf(folder.getFileName()),
            StrictJson.bytes(folder.resolve(PeftAdapterReader.CONFIG), 1 << 20),
            StrictJson.bytes(folder.resolve(PeftAdapterReader.WEIGHTS), ADAPTER_BYTES_MAX));
  }

  private String json() throws IOException {
    try (ModelExecutor executor = loaded.executor) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
        json.writeStartObject();
        json.writeFieldName("model");
        writeModel(json);
        json.writeStringField("executor", executor.kind());
        json.writeStringField("dtype", options.dtype().name().toLowerCase(Locale.ROOT));
        json.writeStringField("kv", options.kv().name().toLowerCase(Locale.ROOT));
        json.writeStringField("kernels", options.kernels().name().toLowerCase(Locale.ROOT));
        if (options.adapter().isPresent()) {
          json.writeStringField("adapter", String.valueOf(options.adapter().get().getFileName()));
        }
        json.writeFieldName("tokens");
        json.writeArray(options.tokens(), 0, options.tokens().length);
        int next = prefill();
        IntToDoubleFunction logits = loaded.logits.get();
        json.writeArrayFieldStart("logits");
        for (int token = 0; token < model.vocabularySize(); token++) {
          writeNumber(json, logits.applyAsDouble(token));
        }
        json.writeEndArray();
        json.writeNumberField("argmax", next);
        if (options.greedy() > 0) {
          json.writeFieldName("greedy");
          int[] continuation = continuation(next);
          json.writeArray(continuation, 0, continuation.length);
        }
        json.writeEndObject();
      }
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }

  private void writeModel(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", String.valueOf(options.model().getFileName()));
    json.writeStringField("type", model.type());
    json.writeNumberField("parameters", model.parameters());
    json.writeNumberField("layers", model.layers());
    json.writeNumberField("hidden", model.hidden());
    json.writeNumberField("feed_forward", model.feedForward());
    json.writeNumberField("heads", model.heads());
    json.writeNumberField("kv_heads", model.kvHeads());
    json.writeNumberField("head_dim", model.headDimension());
    json.writeNumberField("vocab_size", model.vocabularySize());
    json.writeNumberField("positions_max", model.positionsMax());
    json.writeBooleanField("tied_embeddings", model.tiedEmbeddings());
    json.writeStringField("rope_scaling", model.ropeScaling().toString());
    json.writeEndObject();
  }

  /** As many digits as the executor computes with. */
  private void writeNumber(JsonGenerator json, double logit) throws IOException {
    if (loaded.executor instanceof ReferenceExecutor) {
      json.writeNumber(logit);
    } else {
      json.writeNumber((float) logit);
    }
  }

  /** Runs the tokens; returns the most likely next one. */
  private int prefill() {
    int[] tokens = options.tokens();
    for (int from = 0; from < tokens.length; from += ROWS_MAX) {
      step(Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + ROWS_MAX)), from);
    }
    return result.tokenId[0];
  }

  private int[] continuation(int first) {
    int[] tokens = new int[options.greedy()];
    tokens[0] = first;
    for (int i = 1; i < tokens.length; i++) {
      step(new int[] {tokens[i - 1]}, options.tokens().length + i - 1);
      tokens[i] = result.tokenId[0];
    }
    return tokens;
  }

  private void step(int[] tokens, int position) {
    plan.sequences = 1;
    plan.rows = tokens.length;
    plan.rowStart[1] = tokens.length;
    plan.adapterSlot[0] = slot;
    plan.sample[0] = true;
    plan.topP[0] = 1;
    plan.topLogprobs[0] = -1;
    System.arraycopy(tokens, 0, plan.tokenIds, 0, tokens.length);
    IntStream.range(0, tokens.length).forEach(i -> plan.positions[i] = position + i);
    loaded.executor.execute(plan, result);
    if (result.notFinite[0]) {
      throw new ModelLoadException("weights: they give logits that are not finite");
    }
  }
}
