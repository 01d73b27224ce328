package dev.cofferdam.gateway.prompt.jinjava;

import com.google.common.collect.ImmutableMap;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.ChatTemplate;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chat template as Hugging Face renders it: blocks trimmed, {@code raise_exception} refuses the
 * request, white space is Python's. Content is data: nothing in it is ever interpreted, neither
 * nested expressions nor tags.
 */
public final class JinjavaTemplate implements ChatTemplate {
  private static final int OUTPUT_CHARACTERS_MAX = 32 << 20;
  private static final Jinjava ENGINE = engine();

  private final String source;
  private final Map<String, String> specialTexts;

  /**
   * @param specialTexts texts of "bos_token", "eos_token", …
   */
  public JinjavaTemplate(String source, Map<String, String> specialTexts) {
    this.source = WhitespaceControl.settle(source);
    this.specialTexts = Map.copyOf(specialTexts);
  }

  @Override
  public String render(List<ChatMessage> messages) {
    List<Map<String, String>> list = new ArrayList<>(messages.size());
    for (ChatMessage message : messages) {
      list.add(ImmutableMap.of("role", message.role(), "content", message.content()));
    }
    Map<String, Object> bindings = new HashMap<>(specialTexts);
    bindings.put("messages", list);
    bindings.put("add_generation_prompt", true);
    RenderResult result = ENGINE.renderForResult(source, bindings);
    if (result.hasErrors()) {
      throw refused(result.getErrors());
    }
    return result.getOutput();
  }

  /** Never the template's own message: it may quote content. */
  private static RefusedException refused(List<TemplateError> errors) {
    boolean raised =
        errors.stream().anyMatch(e -> String.valueOf(e.getMessage()).contains(Raised.MARK));
    return Refusal.ofParameter(
            ErrorCode.INVALID_REQUEST,
            "messages",
            raised
                ? "the model's chat template refuses this conversation"
                : "the model's chat template cannot render this conversation")
        .asException();
  }

  private static Jinjava engine() {
    JinjavaConfig config =
        JinjavaConfig.newBuilder()
            .withNestedInterpretationEnabled(false)
            .withMaxOutputSize(OUTPUT_CHARACTERS_MAX)
            .withMaxStringLength(OUTPUT_CHARACTERS_MAX)
            .withMaxRenderDepth(8)
            .withFailOnUnknownTokens(false)
            .withLegacyOverrides(
                LegacyOverrides.newBuilder()
                    .withUsePyishObjectMapper(true)
                    .withWhitespaceRequiredWithinTokens(false)
                    .build())
            .withDisabled(
                ImmutableMap.of(
                    Context.Library.TAG,
                    com.google.common.collect.ImmutableSet.of("include", "import", "from")))
            .build();
    Jinjava engine = new Jinjava(config);
    engine
        .getGlobalContext()
        .registerFunction(
            new ELFunctionDefinition("", "raise_exception", Raised.class, "raise", String.class));
    engine.getGlobalContext().registerFilter(new PythonTrim());
    return engine;
  }

  /** The template's function that refuses a conversation. */
  public static final class Raised {
    static final String MARK = "raised by the chat template";

    private Raised() {}

    /** Always throws. */
    public static String raise(String message) {
      throw new IllegalStateException(MARK);
    }
  }

  /** Python's str.strip: Unicode white space and the information separators. */
  private static final class PythonTrim implements Filter {
    @Override
    public String getName() {
      return "trim";
    }

    @Override
    public @Nullable Object filter(
        @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
      if (!(value instanceof String text)) {
        return value;
      }
      int start = 0;
      int end = text.length();
      while (start < end && isSpace(text.charAt(start))) {
        start++;
      }
      while (end > start && isSpace(text.charAt(end - 1))) {
        end--;
      }
      return text.substring(start, end);
    }

    private static boolean isSpace(char c) {
      return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
  }
}
