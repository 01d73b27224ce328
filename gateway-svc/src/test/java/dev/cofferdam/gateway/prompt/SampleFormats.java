package dev.cofferdam.gateway.prompt;

import dev.cofferdam.gateway.prompt.huggingface.ModelFolder;
import dev.cofferdam.gateway.prompt.jinja.JinjaTemplate;
import java.nio.file.Path;
import java.time.Clock;

/** The sample model's prompt format, for tests. */
public final class SampleFormats {
  /** Read once. */
  public static final PromptFormat SUPPORT_DESK =
      new ModelFolder(Path.of("../models/support-desk"))
          .read((source, texts) -> new JinjaTemplate(source, texts, Clock.systemUTC()));

  private SampleFormats() {}
}
