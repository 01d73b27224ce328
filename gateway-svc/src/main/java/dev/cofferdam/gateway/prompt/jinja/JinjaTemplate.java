package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.ChatTemplate;
import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A chat template as Hugging Face renders it with Jinja: blocks trimmed, {@code raise_exception}
 * refuses the request, no tools and no documents. Content is data: nothing in it is ever
 * interpreted, and it stays marked whatever the template does with it.
 *
 * <p>The interpreter is this package's own. A general engine for Java lost: Python's methods of
 * texts, slices and tests are missing there or mean something else, and what clients wrote cannot
 * be told from the template's own text behind it.
 */
public final class JinjaTemplate implements ChatTemplate {
  /** Characters that templates write around each content, more or less. */
  private static final int AROUND_A_MESSAGE = 100;

  private final Statement template;

  /** What every conversation finds; a template assigns in a scope within. */
  private final Scope globals = new Scope(null);

  /**
   * @param specialTexts texts of "bos_token", "eos_token", …
   * @param clock the time that a template may ask for
   * @throws UnsupportedTemplateException for a template that is broken or uses what is not offered
   */
  public JinjaTemplate(String source, Map<String, String> specialTexts, Clock clock) {
    this.template = TemplateParser.parse(WhitespaceControl.settle(source));
    Globals.define(globals, clock);
    specialTexts.forEach((name, text) -> globals.set(name, MarkedText.own(text)));
    globals.set("tools", null);
    globals.set("documents", null);
    globals.set("add_generation_prompt", true);
  }

  @Override
  public MarkedText render(List<ChatMessage> messages) {
    List<Map<String, MarkedText>> list = new ArrayList<>(messages.size());
    int characters = 0;
    for (ChatMessage message : messages) {
      characters += message.content().length() + AROUND_A_MESSAGE;
      Map<String, MarkedText> fields = new LinkedHashMap<>();
      fields.put("role", MarkedText.own(message.role()));
      fields.put("content", MarkedText.client(message.content()));
      list.add(fields);
    }
    Scope scope = new Scope(globals);
    scope.set("messages", list);
    Output out = new Output(characters);
    try {
      template.run(new Scope(scope), out);
    } catch (TemplateException e) {
      throw refused(e);
    }
    return out.text();
  }

  private static RefusedException refused(TemplateException e) {
    return Refusal.ofParameter(
            ErrorCode.INVALID_REQUEST,
            "messages",
            e.isRaised()
                ? "the model's chat template refuses this conversation"
                : "the model's chat template cannot render this conversation")
        .asException();
  }
}
