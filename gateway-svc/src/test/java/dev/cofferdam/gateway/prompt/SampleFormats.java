package dev.cofferdam.gateway.prompt;

import dev.cofferdam.gateway.prompt.huggingface.ModelFolder;
import dev.cofferdam.gateway.prompt.jinjava.JinjavaTemplate;
import java.nio.file.Path;

/** The sample model's prompt format, for tests. */
public final class SampleFormats {
  /** Read once. */
  public static final PromptFormat SUPPORT_DESK =
      new ModelFolder(Path.of("../models/support-desk")).read(JinjavaTemplate::new);

  private SampleFormats() {}
}
