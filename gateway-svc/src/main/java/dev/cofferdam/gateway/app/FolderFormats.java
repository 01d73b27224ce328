package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.admin.FolderRoot;
import dev.cofferdam.gateway.ingress.PromptFormats;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.ChatTemplate;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.prompt.UnsupportedModelException;
import dev.cofferdam.gateway.prompt.gguf.GgufModelFile;
import dev.cofferdam.gateway.prompt.huggingface.ModelFolder;
import dev.cofferdam.gateway.prompt.jinja.JinjaTemplate;
import dev.cofferdam.gateway.prompt.jinja.UnsupportedTemplateException;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prompt formats of the models below the model root, each read once; a changed digest is read anew.
 * As many as there are models.
 */
final class FolderFormats implements PromptFormats {
  private static final Logger LOG = LoggerFactory.getLogger(FolderFormats.class);

  private final Path root;
  private final Clock clock;
  private final Map<String, Loaded> loaded = new ConcurrentHashMap<>();

  private record Loaded(ModelEntry model, PromptFormat format) {}

  /**
   * @param clock the time that chat templates may ask for
   */
  FolderFormats(Path root, Clock clock) {
    this.root = root;
    this.clock = clock;
  }

  @Override
  public boolean inMemory(ModelEntry model) {
    Loaded known = loaded.get(model.id());
    return known != null && known.model().equals(model);
  }

  @Override
  public PromptFormat of(ModelEntry model) {
    Loaded read = loaded.get(model.id());
    return read != null && read.model().equals(model) ? read.format() : load(model);
  }

  private PromptFormat load(ModelEntry model) {
    return loaded
        .compute(
            model.id(),
            (id, known) ->
                known != null && known.model().equals(model)
                    ? known
                    : new Loaded(model, read(model)))
        .format();
  }

  /** Reads the formats of models before somebody waits for them. */
  void warmUp(List<ModelEntry> models) {
    for (ModelEntry model : models) {
      try {
        PromptFormat format = of(model);
        if (format.template().isPresent()) {
          int tokens = format.ofChat(List.of(new ChatMessage("user", "hello"))).length;
          LOG.debug("model {} is ready, {} tokens around a word", model.id(), tokens);
        }
      } catch (RefusedException e) {
        LOG.warn("model {} cannot be served: {}", model.id(), e.refusal().message());
      }
    }
  }

  private PromptFormat read(ModelEntry model) {
    if (!FolderRoot.isPlain(model.folder())) {
      throw unavailable();
    }
    try {
      return read(root.resolve(model.folder()), clock);
    } catch (UnsupportedModelException | UnsupportedTemplateException e) {
      LOG.error("model {}: {}", model.id(), e.getMessage());
      throw unavailable();
    }
  }

  /**
   * The format of a model in a Hugging Face folder or a GGUF file.
   *
   * @param clock the time that its chat template may ask for
   * @throws UnsupportedModelException where the model cannot be read, or its tokenizer asks for
   *     what is not offered
   * @throws UnsupportedTemplateException where its chat template does
   */
  static PromptFormat read(Path model, Clock clock) {
    BiFunction<String, Map<String, String>, ChatTemplate> templates =
        (source, texts) -> new JinjaTemplate(source, texts, clock);
    return GgufModelFile.of(model)
        .map(file -> file.read(templates))
        .orElseGet(() -> new ModelFolder(model).read(templates));
  }

  private static RefusedException unavailable() {
    return Refusal.of(
            ErrorCode.DEPENDENCY_UNAVAILABLE,
            "this gateway cannot read the model's tokenizer or chat template")
        .asException();
  }
}
