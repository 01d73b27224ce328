package dev.cofferdam.gateway.prompt.jinja;

import dev.cofferdam.gateway.prompt.MarkedText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads expressions by Jinja's grammar. What is not offered is refused here, before any
 * conversation comes. (<a
 * href="https://jinja.palletsprojects.com/en/stable/templates/#expressions">Jinja, expressions</a>)
 */
final class ExpressionParser {
  private static final Set<String> LOOP_FIELDS =
      Set.of(
          "index",
          "index0",
          "revindex",
          "revindex0",
          "first",
          "last",
          "length",
          "previtem",
          "nextitem");
  private static final int DEPTH_MAX = 200;

  private final Tokens tokens;
  private int depth;

  ExpressionParser(Tokens tokens) {
    this.tokens = tokens;
  }

  /** An expression; several with commas between are a tuple. */
  Expression tuple() {
    Expression first = condition();
    return tokens.isOperator(",") ? rest(first, "") : first;
  }

  private Expression rest(Expression first, String end) {
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (tokens.takeOperator(",")) {
      if (tokens.isAtEnd() || (!end.isEmpty() && tokens.isOperator(end))) {
        break;
      }
      parts.add(condition());
    }
    return list(parts);
  }

  private static Expression list(List<Expression> parts) {
    return scope -> values(parts, scope);
  }

  private static List<@Nullable Object> values(List<Expression> parts, Scope scope) {
    List<@Nullable Object> values = new ArrayList<>(parts.size());
    for (Expression part : parts) {
      values.add(part.value(scope));
    }
    return values;
  }

  Expression condition() {
    if (++depth > DEPTH_MAX) {
      throw new UnsupportedTemplateException("an expression that deep");
    }
    Expression value = or();
    while (tokens.takeName("if")) {
      Expression then = value;
      Expression test = or();
      Expression otherwise = tokens.takeName("else") ? condition() : scope -> Undefined.INSTANCE;
      value = scope -> (Values.isTrue(test.value(scope)) ? then : otherwise).value(scope);
    }
    depth--;
    return value;
  }

  /** What "for" goes through: no condition, because an "if" behind it filters. */
  Expression or() {
    Expression left = and();
    while (tokens.takeName("or")) {
      Expression a = left;
      Expression b = and();
      left =
          scope -> {
            Object value = a.value(scope);
            return Values.isTrue(value) ? value : b.value(scope);
          };
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.takeName("and")) {
      Expression a = left;
      Expression b = not();
      left =
          scope -> {
            Object value = a.value(scope);
            return Values.isTrue(value) ? b.value(scope) : value;
          };
    }
    return left;
  }

  private Expression not() {
    if (tokens.takeName("not")) {
      Expression value = not();
      return scope -> !Values.isTrue(value.value(scope));
    }
    return comparison();
  }

  private Expression comparison() {
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    for (Optional<String> next = comparator(); next.isPresent(); next = comparator()) {
      operators.add(next.get());
      others.add(sum());
    }
    if (operators.isEmpty()) {
      return first;
    }
    return scope -> {
      Object left = first.value(scope);
      for (int i = 0; i < operators.size(); i++) {
        Object right = others.get(i).value(scope);
        if (!compare(operators.get(i), left, right)) {
          return false;
        }
        left = right;
      }
      return true;
    };
  }

  private Optional<String> comparator() {
    for (String operator : List.of("==", "!=", "<=", ">=", "<", ">")) {
      if (tokens.takeOperator(operator)) {
        return Optional.of(operator);
      }
    }
    if (tokens.takeName("in")) {
      return Optional.of("in");
    }
    if (tokens.isName("not") && tokens.peek(1).text().equals("in")) {
      tokens.next();
      tokens.next();
      return Optional.of("not in");
    }
    return Optional.empty();
  }

  private static boolean compare(String operator, @Nullable Object a, @Nullable Object b) {
    return switch (operator) {
      case "==" -> Values.equal(a, b);
      case "!=" -> !Values.equal(a, b);
      case "<" -> Values.compare(a, b) < 0;
      case "<=" -> Values.compare(a, b) <= 0;
      case ">" -> Values.compare(a, b) > 0;
      case ">=" -> Values.compare(a, b) >= 0;
      case "in" -> Values.contains(b, a);
      default -> !Values.contains(b, a);
    };
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.isOperator("+") || tokens.isOperator("-")) {
      if (tokens.takeOperator("-")) {
        Expression a = left;
        Expression b = concatenation();
        left = scope -> Values.arithmetic("-", a.value(scope), b.value(scope));
      } else {
        List<Expression> parts = new ArrayList<>(List.of(left));
        while (tokens.takeOperator("+")) {
          parts.add(concatenation());
        }
        left = scope -> Values.sum(values(parts, scope));
      }
    }
    return left;
  }

  private Expression concatenation() {
    Expression left = product();
    while (tokens.takeOperator("~")) {
      Expression a = left;
      Expression b = product();
      left = scope -> Values.text(a.value(scope)).plus(Values.text(b.value(scope)));
    }
    return left;
  }

  private Expression product() {
    Expression left = power();
    while (tokens.isOperator("*")
        || tokens.isOperator("/")
        || tokens.isOperator("//")
        || tokens.isOperator("%")) {
      String operator = tokens.next().text();
      Expression a = left;
      Expression b = power();
      left = scope -> Values.arithmetic(operator, a.value(scope), b.value(scope));
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.takeOperator("**")) {
      Expression a = left;
      Expression b = unary(true);
      left = scope -> Values.arithmetic("**", a.value(scope), b.value(scope));
    }
    return left;
  }

  private Expression unary(boolean withFilters) {
    Expression value;
    if (tokens.takeOperator("-")) {
      Expression of = unary(false);
      value = scope -> Values.arithmetic("-", 0L, of.value(scope));
    } else if (tokens.takeOperator("+")) {
      value = unary(false);
    } else {
      value = primary();
    }
    value = postfix(value);
    return withFilters ? filters(value) : value;
  }

  private Expression primary() {
    Tokens.Token token = tokens.next();
    return switch (token.kind()) {
      case NAME -> named(token.text());
      case TEXT -> constant(MarkedText.own(token.text()));
      case INTEGER -> constant(integer(token.text()));
      case FLOAT -> constant(Double.valueOf(token.text()));
      case OPERATOR -> bracketed(token.text());
      case END -> throw new UnsupportedTemplateException("an expression that ends too early");
    };
  }

  private static Long integer(String digits) {
    try {
      return Long.valueOf(digits);
    } catch (NumberFormatException e) {
      throw new UnsupportedTemplateException("the number " + digits);
    }
  }

  private static Expression constant(@Nullable Object value) {
    return scope -> value;
  }

  private Expression named(String name) {
    if (name.equals("loop")) {
      boolean field = tokens.isOperator(".") && LOOP_FIELDS.contains(tokens.peek(1).text());
      if (!field || (tokens.peek(2).text().equals("(") && !tokens.isAtEnd())) {
        throw new UnsupportedTemplateException("loop but for " + LOOP_FIELDS);
      }
    }
    return switch (name) {
      case "true", "True" -> constant(true);
      case "false", "False" -> constant(false);
      case "none", "None" -> constant(null);
      case "self", "super", "varargs", "kwargs", "caller" ->
          throw new UnsupportedTemplateException(name);
      default -> scope -> scope.get(name);
    };
  }

  private Expression bracketed(String open) {
    switch (open) {
      case "(" -> {
        if (tokens.takeOperator(")")) {
          return list(List.of());
        }
        Expression first = condition();
        Expression value = tokens.isOperator(",") ? rest(first, ")") : first;
        tokens.expectOperator(")");
        return value;
      }
      case "[" -> {
        List<Expression> parts = new ArrayList<>();
        while (!tokens.takeOperator("]")) {
          parts.add(condition());
          if (!tokens.isOperator("]")) {
            tokens.expectOperator(",");
          }
        }
        return list(parts);
      }
      case "{" -> {
        return mapping();
      }
      default -> throw new UnsupportedTemplateException(open + " in the place of a value");
    }
  }

  private Expression mapping() {
    Map<Expression, Expression> entries = new LinkedHashMap<>();
    while (!tokens.takeOperator("}")) {
      Expression key = condition();
      tokens.expectOperator(":");
      entries.put(key, condition());
      if (!tokens.isOperator("}")) {
        tokens.expectOperator(",");
      }
    }
    return scope -> {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      entries.forEach(
          (key, value) -> map.put(Values.text(key.value(scope)).text(), value.value(scope)));
      return map;
    };
  }

  private Expression postfix(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.takeOperator(".")) {
        value = field(value);
      } else if (tokens.takeOperator("[")) {
        value = subscript(value);
      } else if (tokens.isOperator("(")) {
        value = call(value);
      } else {
        return value;
      }
    }
  }

  private Expression field(Expression of) {
    if (tokens.peek().kind() == Tokens.Kind.INTEGER) {
      Expression index = constant(integer(tokens.next().text()));
      return scope -> Values.item(of.value(scope), index.value(scope));
    }
    String name = tokens.name();
    MarkedText key = MarkedText.own(name);
    if (tokens.isOperator("(")) {
      if (!Methods.isKnown(name)) {
        throw new UnsupportedTemplateException("the method " + name);
      }
      Given arguments = arguments();
      return scope -> {
        Object on = of.value(scope);
        if (on == Undefined.INSTANCE) {
          throw TemplateException.failed("a method of what is not defined");
        }
        return Methods.call(on, name, arguments.of(scope));
      };
    }
    return scope -> Values.item(of.value(scope), key);
  }

  private Expression subscript(Expression of) {
    Expression from = tokens.isOperator(":") ? constant(null) : tuple();
    if (tokens.takeOperator("]")) {
      return scope -> Values.item(of.value(scope), from.value(scope));
    }
    tokens.expectOperator(":");
    Expression to = bound();
    Expression by = tokens.takeOperator(":") ? bound() : constant(null);
    tokens.expectOperator("]");
    return scope ->
        Values.slice(of.value(scope), from.value(scope), to.value(scope), by.value(scope));
  }

  private Expression bound() {
    return tokens.isOperator(":") || tokens.isOperator("]") ? constant(null) : condition();
  }

  private Expression call(Expression of) {
    Given arguments = arguments();
    return scope -> {
      if (of.value(scope) instanceof Function function) {
        return function.call(arguments.of(scope));
      }
      throw TemplateException.failed("a call of what is no function");
    };
  }

  /** Arguments before they have values. */
  private record Given(List<Expression> positional, Map<String, Expression> named) {
    Arguments of(Scope scope) {
      List<@Nullable Object> values = new ArrayList<>();
      positional.forEach(e -> values.add(e.value(scope)));
      Map<String, @Nullable Object> byName = new LinkedHashMap<>();
      named.forEach((name, e) -> byName.put(name, e.value(scope)));
      return new Arguments(values, byName);
    }
  }

  private Given arguments() {
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    tokens.expectOperator("(");
    while (!tokens.takeOperator(")")) {
      if (tokens.peek().kind() == Tokens.Kind.NAME && tokens.peek(1).text().equals("=")) {
        String name = tokens.name();
        tokens.expectOperator("=");
        named.put(name, condition());
      } else {
        positional.add(condition());
      }
      if (!tokens.isOperator(")")) {
        tokens.expectOperator(",");
      }
    }
    return new Given(positional, named);
  }

  private Expression filters(Expression start) {
    Expression value = start;
    while (true) {
      if (tokens.takeOperator("|")) {
        value = filter(value);
      } else if (tokens.takeName("is")) {
        value = test(value);
      } else if (tokens.isOperator("(")) {
        value = call(value);
      } else {
        return value;
      }
    }
  }

  /** A filter's name and arguments behind the bar. */
  private Expression filter(Expression of) {
    String name = tokens.name();
    if (!Filters.isKnown(name)) {
      throw new UnsupportedTemplateException("the filter " + name);
    }
    Given arguments = tokens.isOperator("(") ? arguments() : new Given(List.of(), Map.of());
    return scope -> Filters.apply(name, of.value(scope), arguments.of(scope));
  }

  private Expression test(Expression of) {
    boolean inverse = tokens.takeName("not");
    String name = tokens.name();
    if (!Tests.isKnown(name)) {
      throw new UnsupportedTemplateException("the test " + name);
    }
    Given arguments = testArguments();
    return scope -> Tests.apply(name, of.value(scope), arguments.of(scope)) != inverse;
  }

  private Given testArguments() {
    if (tokens.isOperator("(")) {
      return arguments();
    }
    Tokens.Token next = tokens.peek();
    boolean isValue =
        switch (next.kind()) {
          case NAME -> !Set.of("else", "or", "and", "is", "if", "not", "in").contains(next.text());
          case TEXT, INTEGER, FLOAT -> true;
          case OPERATOR -> next.text().equals("[") || next.text().equals("{");
          case END -> false;
        };
    return isValue
        ? new Given(List.of(postfix(primary())), Map.of())
        : new Given(List.of(), Map.of());
  }
}
