package dev.cofferdam.gateway.prompt.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.RefusedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JinjaTemplateTest {
  private static final Clock NOW =
      Clock.fixed(Instant.parse("2026-03-05T14:07:09Z"), ZoneOffset.UTC);

  private static final String LLAMA3 =
      """
      {% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>

      '+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>

      ' }}{% endif %}""";

  private static final String MISTRAL =
      """
      {{- bos_token }}
      {%- for message in messages %}
          {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
              {{- raise_exception('roles must alternate') }}
          {%- endif %}
          {%- if message['role'] == 'user' %}
              {{- '[INST] ' + message['content'] + ' [/INST]' }}
          {%- elif message['role'] == 'assistant' %}
              {{- message['content'] + eos_token}}
          {%- endif %}
      {%- endfor %}
      """;

  private static final String CHATML =
      """
      {%- if messages[0]['role'] == 'system' %}
          {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
      {%- else %}
          {{- '<|im_start|>system\\nYou are helpful.<|im_end|>\\n' }}
      {%- endif %}
      {%- for message in messages %}
          {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
              {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
          {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
      """;

  private static String render(String template, ChatMessage... messages) {
    return new JinjaTemplate(template, Map.of("bos_token", "<s>", "eos_token", "</s>"), NOW)
        .render(List.of(messages))
        .text();
  }

  @Test
  void rendersTheLlama3Template() {
    assertThat(
            render(
                LLAMA3, new ChatMessage("system", " Be brief.\n"), new ChatMessage("user", "Hi")))
        .isEqualTo(
            "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
  }

  @Test
  void rendersTheMistralTemplate() {
    assertThat(
            render(
                MISTRAL,
                new ChatMessage("user", "Hi"),
                new ChatMessage("assistant", "Hello"),
                new ChatMessage("user", "Why?")))
        .isEqualTo("<s>[INST] Hi [/INST]Hello</s>[INST] Why? [/INST]");
  }

  @Test
  void rendersChatMlWithADefaultSystemMessage() {
    assertThat(render(CHATML, new ChatMessage("user", "Hi")))
        .isEqualTo(
            "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
                + "<|im_start|>assistant\n");
  }

  @Test
  void aTemplateThatRaisesRefusesTheConversation() {
    assertThatThrownBy(() -> render(MISTRAL, new ChatMessage("assistant", "secret words")))
        .isInstanceOfSatisfying(
            RefusedException.class,
            e -> {
              assertThat(e.refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
              assertThat(e.refusal().message()).doesNotContain("secret", "alternate");
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 7 * 7 }}",
        "{% raw %}x{% endraw %}",
        "{{ raise_exception('x') }}",
        "{# comment #}",
        "{% for i in range(9) %}x{% endfor %}",
        "<b>&amp;\"'</b>",
        "a\\nb\\u0041 \\",
        "{{",
        "%}",
        "{%- endif %}{{ bos_token }}",
      })
  void contentIsNeverInterpreted(String content) {
    assertThat(render(CHATML, new ChatMessage("user", content)))
        .contains("<|im_start|>user\n" + content + "<|im_end|>\n");
  }

  @Test
  void trimsAsPythonDoes() {
    assertThat(render(LLAMA3, new ChatMessage("user", "\u00a0\u3000\u2009 a\u200b\u0085\u001c")))
        .contains("\n\na\u200b<|eot_id|>");
  }

  @Test
  void rendersTheSampleModelsTemplate() throws Exception {
    String template = Files.readString(Path.of("../models/support-desk/chat_template.jinja"));
    assertThat(render(template, new ChatMessage("user", " Where is it? ")))
        .isEqualTo(
            "<s><|start_header_id|>user<|end_header_id|>\n\nWhere is it?<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% call f() %}{% endcall %}",
        "{% for x in y recursive %}{% endfor %}",
        "{% raw %}{% endraw %}",
        "{{ x | xmlattr }}",
        "{{ x is callable }}",
        "{{ x.append(1) }}",
        "{{ x.__class__ }}{{ x.format(1) }}",
        "{% for x in y %}{{ loop.cycle(1) }}{% endfor %}",
        "{{ loop }}",
        "{{ self }}",
        "{{ x",
        "{% if x %}",
        "{% if %}{% endif %}",
        "{{ 'x }}",
        "{{ x ; y }}",
        "{{ x y }}",
        "{{ 99999999999999999999 }}",
      })
  void whatIsNotOfferedIsRefusedBeforeAnyConversation(String template) {
    assertThatThrownBy(() -> render(template)).isInstanceOf(UnsupportedTemplateException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ m.content }}",
        "{{ m['content'] | trim }}",
        "{{ '' ~ m.content }}",
        "{{ m.content.split('x') | join('x') }}",
        "{{ m.content.replace('q', 'r') | string }}",
        "{{ m.content[:3] + m.content[3:] }}",
        "{{ m.content | reverse | reverse }}",
        "{% set t %}{{ m.content }}{% endset %}{{ t }}",
        "{% macro f(x) %}{{ x }}{% endmacro %}{{ f(m.content) }}",
        "{% for c in m.content %}{{ c }}{% endfor %}",
        "{{ m.content | tojson }}",
        "{{ m.content | upper | lower }}",
        "{{ messages | map(attribute='content') | first | default('d') }}",
      })
  void contentStaysMarkedWhateverTheTemplateDoes(String expression) {
    String template = "<a>{% set m = messages[0] %}" + expression + "</a>";
    MarkedText text =
        new JinjaTemplate(template, Map.of(), NOW)
            .render(List.of(new ChatMessage("user", "</a><b>")));
    StringBuilder own = new StringBuilder();
    StringBuilder client = new StringBuilder();
    for (int i = 0; i < text.text().length(); i++) {
      (text.marks().charAt(i) == MarkedText.CLIENT ? client : own).append(text.text().charAt(i));
    }
    assertThat(client).hasToString("</a><b>");
    assertThat(own.toString().replace("\"", "")).isEqualTo("<a></a>");
  }

  @ParameterizedTest
  @ValueSource(strings = {"(", "[", "-'a' + ", "x.y + ", "x.z if 1 if "})
  void anExpressionWithoutBottomIsRefused(String part) {
    for (int times : new int[] {1_000, 100_000}) {
      String template = "{{ " + part.repeat(times) + "1 }}";
      assertThatThrownBy(() -> render(template))
          .isInstanceOfAny(UnsupportedTemplateException.class, RefusedException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{% if x %}", "{% for a in b %}", "{% if x %}{% else %}{% if y %}"})
  void blocksWithoutBottomAreRefused(String part) {
    assertThatThrownBy(() -> render(part.repeat(100_000)))
        .isInstanceOf(UnsupportedTemplateException.class);
    assertThatThrownBy(() -> render("{% if x %}" + "{% elif x %}".repeat(100_000) + "{% endif %}"))
        .isInstanceOf(UnsupportedTemplateException.class);
  }
}
