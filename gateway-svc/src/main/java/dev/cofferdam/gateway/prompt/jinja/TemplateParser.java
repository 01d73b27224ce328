package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import dev.cofferdam.gateway.prompt.jinja.Statement.Flow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a template whose white space is settled: text, expressions, and the blocks for, if, set,
 * macro, break, continue, and generation (which only marks). Other blocks are refused by name.
 */
final class TemplateParser {
  private static final int DEPTH_MAX = 100;

  private final String source;
  private final boolean countsTurns;
  private int at;
  private int depth;

  /** The block that ended the last body, after its name. */
  private Tokens end = new Tokens("");

  private String endName = "";

  private TemplateParser(String source) {
    this.source = source;
    this.countsTurns = source.contains("loop");
  }

  /**
   * @throws UnsupportedTemplateException for what is broken or not offered
   */
  static Statement parse(String settled) {
    return new TemplateParser(settled).body("");
  }

  /** Statements up to a block of one of the names (separated by bars), or the end. */
  private Statement body(String names) {
    deeper();
    List<Statement> parts = new ArrayList<>();
    while (at < source.length()) {
      int tag = nextTag();
      if (tag > at) {
        MarkedText text = MarkedText.own(source.substring(at, tag));
        parts.add(
            (scope, out) -> {
              out.write(text);
              return Flow.ON;
            });
      }
      at = tag;
      if (tag < source.length()) {
        boolean isBlock = source.charAt(tag + 1) == '%';
        Tokens tokens = inside(isBlock ? '%' : '}');
        if (!isBlock) {
          parts.add(printed(tokens));
          continue;
        }
        String name = tokens.name();
        if (("|" + names + "|").contains("|" + name + "|")) {
          end = tokens;
          endName = name;
          depth--;
          return all(parts);
        }
        parts.add(block(name, tokens));
      }
    }
    if (!names.isEmpty()) {
      throw new UnsupportedTemplateException("an end without " + names);
    }
    endName = "";
    depth--;
    return all(parts);
  }

  private void deeper() {
    if (++depth > DEPTH_MAX) {
      throw new UnsupportedTemplateException("blocks that deep");
    }
  }

  private int nextTag() {
    for (int i = at; i + 1 < source.length(); i++) {
      char c = source.charAt(i + 1);
      if (source.charAt(i) == '{' && (c == '{' || c == '%')) {
        return i;
      }
    }
    return source.length();
  }

  /** The tokens of the tag here; quotes and brackets hide its end. */
  private Tokens inside(char closing) {
    int i = at + 2;
    int open = 0;
    char quote = 0;
    for (; i + 1 < source.length(); i++) {
      char c = source.charAt(i);
      if (quote != 0) {
        i += c == '\\' ? 1 : 0;
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (open == 0 && c == closing && source.charAt(i + 1) == '}') {
        Tokens tokens = new Tokens(source.substring(at + 2, i));
        at = i + 2;
        return tokens;
      } else if (c == '{') {
        open++;
      } else if (c == '}') {
        open--;
      }
    }
    throw new UnsupportedTemplateException("a tag without end");
  }

  private static Statement all(List<Statement> parts) {
    List<Statement> statements = List.copyOf(parts);
    return (scope, out) -> {
      for (Statement statement : statements) {
        Flow flow = statement.run(scope, out);
        if (flow != Flow.ON) {
          return flow;
        }
      }
      return Flow.ON;
    };
  }

  private static Statement printed(Tokens tokens) {
    Expression value = new ExpressionParser(tokens).tuple();
    tokens.end();
    return (scope, out) -> {
      out.write(Values.text(value.value(scope)));
      return Flow.ON;
    };
  }

  private Statement block(String name, Tokens tokens) {
    return switch (name) {
      case "if" -> conditional(tokens);
      case "for" -> loop(tokens);
      case "set" -> assignment(tokens);
      case "macro" -> macro(tokens);
      case "break" -> flow(tokens, Flow.BREAK);
      case "continue" -> flow(tokens, Flow.CONTINUE);
      case "generation" -> {
        tokens.end();
        yield body("endgeneration");
      }
      default -> throw new UnsupportedTemplateException("the block " + name);
    };
  }

  private static Statement flow(Tokens tokens, Flow flow) {
    tokens.end();
    return (scope, out) -> flow;
  }

  private Statement conditional(Tokens tokens) {
    deeper();
    Expression test = new ExpressionParser(tokens).tuple();
    tokens.end();
    Statement then = body("elif|else|endif");
    Statement otherwise =
        switch (endName) {
          case "elif" -> conditional(end);
          case "else" -> body("endif");
          default -> (scope, out) -> Flow.ON;
        };
    return (scope, out) -> (Values.isTrue(test.value(scope)) ? then : otherwise).run(scope, out);
  }

  private Statement loop(Tokens tokens) {
    List<String> targets = names(tokens);
    tokens.expectName("in");
    ExpressionParser parser = new ExpressionParser(tokens);
    Expression over = parser.or();
    Optional<Expression> only =
        tokens.takeName("if") ? Optional.of(parser.condition()) : Optional.empty();
    tokens.end();
    Statement body = body("else|endfor");
    Statement otherwise = endName.equals("else") ? body("endfor") : (scope, out) -> Flow.ON;
    return (scope, out) -> {
      List<@Nullable Object> elements = Values.elements(over.value(scope));
      if (only.isPresent()) {
        elements = filtered(elements, only.get(), targets, scope);
      }
      boolean done = run(body, scope, out, targets, elements);
      return done ? Flow.ON : otherwise.run(scope, out);
    };
  }

  private static List<@Nullable Object> filtered(
      List<@Nullable Object> all, Expression test, List<String> targets, Scope scope) {
    List<@Nullable Object> elements = new ArrayList<>();
    for (Object element : all) {
      Scope inner = new Scope(scope);
      assign(inner, targets, element);
      if (Values.isTrue(test.value(inner))) {
        elements.add(element);
      }
    }
    return elements;
  }

  /**
   * Whether any turn came to its end. Jinja takes "else" also where continue or break ended them
   * all.
   */
  private boolean run(
      Statement body,
      Scope scope,
      Output out,
      List<String> targets,
      List<@Nullable Object> elements) {
    boolean done = false;
    for (int i = 0; i < elements.size(); i++) {
      Scope inner = new Scope(scope);
      assign(inner, targets, elements.get(i));
      if (countsTurns) {
        inner.set("loop", loopFields(i, elements));
      }
      Flow flow = body.run(inner, out);
      done |= flow == Flow.ON;
      if (flow == Flow.BREAK) {
        break;
      }
    }
    return done;
  }

  private static Map<String, @Nullable Object> loopFields(int i, List<@Nullable Object> all) {
    long size = all.size();
    Map<String, @Nullable Object> fields = new HashMap<>();
    fields.put("index", i + 1L);
    fields.put("index0", (long) i);
    fields.put("revindex", size - i);
    fields.put("revindex0", size - i - 1);
    fields.put("first", i == 0);
    fields.put("last", i == size - 1);
    fields.put("length", size);
    fields.put("previtem", i == 0 ? Undefined.INSTANCE : all.get(i - 1));
    fields.put("nextitem", i == size - 1 ? Undefined.INSTANCE : all.get(i + 1));
    return fields;
  }

  private static List<String> names(Tokens tokens) {
    boolean bracket = tokens.takeOperator("(");
    List<String> names = new ArrayList<>(List.of(tokens.name()));
    while (tokens.takeOperator(",")) {
      names.add(tokens.name());
    }
    if (bracket) {
      tokens.expectOperator(")");
    }
    return names;
  }

  private static void assign(Scope scope, List<String> names, @Nullable Object value) {
    if (names.size() == 1) {
      scope.set(names.getFirst(), value);
      return;
    }
    List<@Nullable Object> parts = Values.elements(value);
    if (parts.size() != names.size()) {
      throw TemplateException.failed("an assignment of other than so many values");
    }
    for (int i = 0; i < names.size(); i++) {
      scope.set(names.get(i), parts.get(i));
    }
  }

  private Statement assignment(Tokens tokens) {
    List<String> names = names(tokens);
    Optional<String> field =
        tokens.takeOperator(".") ? Optional.of(tokens.name()) : Optional.empty();
    if (!tokens.takeOperator("=")) {
      tokens.end();
      Statement body = body("endset");
      return (scope, out) -> {
        Output captured = new Output();
        Flow flow = body.run(new Scope(scope), captured);
        assign(scope, names, captured.text());
        return flow;
      };
    }
    Expression value = new ExpressionParser(tokens).tuple();
    tokens.end();
    return (scope, out) -> {
      Object result = value.value(scope);
      if (field.isEmpty()) {
        assign(scope, names, result);
      } else if (scope.get(names.getFirst()) instanceof Namespace namespace) {
        namespace.variables().put(field.get(), result);
      } else {
        throw TemplateException.failed("an assignment to a part of other than a namespace");
      }
      return Flow.ON;
    };
  }

  private Statement macro(Tokens tokens) {
    String name = tokens.name();
    Map<String, Optional<Expression>> parameters = new LinkedHashMap<>();
    tokens.expectOperator("(");
    while (!tokens.takeOperator(")")) {
      String parameter = tokens.name();
      parameters.put(
          parameter,
          tokens.takeOperator("=")
              ? Optional.of(new ExpressionParser(tokens).condition())
              : Optional.empty());
      if (!tokens.isOperator(")")) {
        tokens.expectOperator(",");
      }
    }
    tokens.end();
    Statement body = body("endmacro");
    return (scope, out) -> {
      scope.set(name, (Function) given -> call(body, parameters, scope, given));
      return Flow.ON;
    };
  }

  private static MarkedText call(
      Statement body, Map<String, Optional<Expression>> parameters, Scope around, Arguments given) {
    given.only(parameters.size(), parameters.keySet().toArray(String[]::new));
    Scope scope = new Scope(around);
    int place = 0;
    for (Map.Entry<String, Optional<Expression>> parameter : parameters.entrySet()) {
      Object value = given.get(place++, parameter.getKey(), Undefined.INSTANCE);
      boolean missing = value == Undefined.INSTANCE && parameter.getValue().isPresent();
      scope.set(parameter.getKey(), missing ? parameter.getValue().get().value(scope) : value);
    }
    Output out = new Output();
    body.run(scope, out);
    return out.text();
  }
}
