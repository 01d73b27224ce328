package dev.cofferdam.worker.execution;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.cofferdam.worker.adapter.LoraAdapter;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.model.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A prompt with the logits that the training framework gives for its last token, and the tokens
 * that it goes on with.
 *
 * @param name model, adapter and prompt
 * @param model folder of the model
 * @param adapter folder of the adapter, if any
 * @param ids the prompt
 * @param logits in double precision
 * @param greedy the continuation
 */
@SuppressWarnings("ArrayRecordComponent")
public record Golden(
    String name, Path model, Optional<Path> adapter, int[] ids, double[] logits, int[] greedy) {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path MODELS = Path.of("../models");

  /** All prompts: those of the tiny random models, of the trained model, and of its adapters. */
  public static List<Golden> all() {
    List<Golden> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(GOLDEN)) {
      for (Path file : files.sorted().toList()) {
        if (Files.isDirectory(file)) {
          all.addAll(read(file.resolve("logits.json"), file));
        } else if (file.getFileName().toString().matches("logits-.*\\.json")) {
          all.addAll(read(file, MODELS.resolve("support-desk")));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return all;
  }

  private static List<Golden> read(Path file, Path model) {
    try {
      JsonNode root = new ObjectMapper().readTree(file.toFile());
      Optional<Path> adapter =
          root.hasNonNull("adapter")
              ? Optional.of(MODELS.resolve("adapters").resolve(root.get("adapter").asText()))
              : Optional.empty();
      List<Golden> prompts = new ArrayList<>();
      for (JsonNode prompt : root.get("prompts")) {
        JsonNode logits = prompt.get("logits_float64");
        prompts.add(
            new Golden(
                model.getFileName()
                    + root.path("adapter").asText("")
                    + " "
                    + prompt.get("name").asText(),
                model,
                adapter,
                ints(prompt.get("ids")),
                IntStream.range(0, logits.size())
                    .mapToDouble(i -> logits.get(i).doubleValue())
                    .toArray(),
                ints(prompt.get("greedy"))));
      }
      return prompts;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int[] ints(JsonNode list) {
    return IntStream.range(0, list.size()).map(i -> list.get(i).intValue()).toArray();
  }

  /** The adapter, read for a model. */
  public Optional<LoraAdapter> readAdapter(ModelConfig model) {
    return adapter.map(
        folder -> {
          try {
            return new PeftAdapterReader(model)
                .read(
                    "golden",
                    Files.readAllBytes(folder.resolve(PeftAdapterReader.CONFIG)),
                    Files.readAllBytes(folder.resolve(PeftAdapterReader.WEIGHTS)));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Prompt and continuation. */
  public int[] tokens() {
    return IntStream.concat(IntStream.of(ids), IntStream.of(greedy)).toArray();
  }

  @Override
  public String toString() {
    return name;
  }
}
