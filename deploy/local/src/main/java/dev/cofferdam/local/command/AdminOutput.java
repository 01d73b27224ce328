package dev.cofferdam.local.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.cofferdam.local.admin.FieldText;
import dev.cofferdam.local.admin.Plan;
import dev.cofferdam.proto.admin.v1.ApiKey;
import java.io.PrintStream;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What {@code ./cofferdam admin} prints: for people, or one JSON document with {@code --json}. */
final class AdminOutput {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PrintStream out;
  private final boolean json;

  AdminOutput(PrintStream out, boolean json) {
    this.out = out;
    this.json = json;
  }

  void records(Map<String, Message> records) {
    if (json) {
      list(records.values());
    } else {
      records.forEach((key, record) -> out.println(key + "  " + line(record)));
    }
  }

  void record(Message record) {
    if (json) {
      out.println(text(record));
    } else {
      FieldText.flat(record).forEach((field, value) -> out.println(field + ": " + value));
    }
  }

  void keys(List<ApiKey> keys) {
    if (json) {
      list(keys);
    } else {
      keys.forEach(
          key ->
              out.printf(
                  "%s  %s  from %s  %s%n",
                  key.getKeyId(),
                  key.getTenant(),
                  Instant.ofEpochSecond(key.getCreatedEpochS()),
                  key.getNotAfterEpochS() == 0
                      ? "without end"
                      : "until " + Instant.ofEpochSecond(key.getNotAfterEpochS())));
    }
  }

  /** The secret alone on the standard output, so that a script can take it. */
  void secret(Message response, String secret, String remark) {
    if (json) {
      out.println(text(response));
    } else {
      out.println(secret);
      System.err.println(remark + "; the line above is shown once");
    }
  }

  void done(String what, String kind, String key) {
    if (json) {
      out.println(
          JsonNodeFactory.instance.objectNode().put(what, true).put("kind", kind).put("key", key));
    } else {
      out.println(what + " " + kind + " " + key);
    }
  }

  void plan(Plan plan) {
    if (json) {
      ArrayNode steps = JsonNodeFactory.instance.arrayNode();
      plan.steps().forEach(step -> steps.add(node(step)));
      out.println(written(steps));
      return;
    }
    for (Plan.Step step : plan.steps()) {
      out.println(sign(step) + " " + step.kind().word() + " " + step.key());
      details(step).forEach(detail -> out.println("    " + detail));
    }
    if (plan.steps().isEmpty()) {
      out.println("Nothing to change");
    }
    if (!plan.undeclared().isEmpty()) {
      out.println(
          "Not declared, and kept (--prune removes them): " + String.join(", ", plan.undeclared()));
    }
  }

  /** On the standard error, as the plan is the document. */
  void applied(int made, int all) {
    if (all > 0) {
      System.err.println(
          made
              + " of "
              + all
              + " changes are in force"
              + (made == all ? "" : "; plan shows what is left"));
    }
  }

  private static ObjectNode node(Plan.Step step) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put(
                "action",
                switch (step) {
                  case Plan.Step.Add add -> "add";
                  case Plan.Step.Change change -> "change";
                  case Plan.Step.Remove remove -> "remove";
                })
            .put("kind", step.kind().word())
            .put("key", step.key());
    ArrayNode details = node.putArray("details");
    details(step).forEach(details::add);
    return node;
  }

  private static String sign(Plan.Step step) {
    return switch (step) {
      case Plan.Step.Add add -> "+";
      case Plan.Step.Change change -> "~";
      case Plan.Step.Remove remove -> "-";
    };
  }

  private static List<String> details(Plan.Step step) {
    return switch (step) {
      case Plan.Step.Add add ->
          FieldText.flat(add.record()).entrySet().stream()
              .map(e -> e.getKey() + ": " + e.getValue())
              .toList();
      case Plan.Step.Change change -> change.differences();
      case Plan.Step.Remove remove -> List.of();
    };
  }

  private static String line(Message record) {
    return FieldText.flat(record).entrySet().stream()
        .filter(e -> !e.getKey().endsWith("_epoch_s") && !e.getKey().equals("id"))
        .map(e -> e.getKey() + "=" + e.getValue())
        .collect(Collectors.joining("  "));
  }

  private void list(Collection<? extends Message> records) {
    out.println(records.stream().map(AdminOutput::text).collect(Collectors.joining(",", "[", "]")));
  }

  private static String text(Message record) {
    try {
      return JsonFormat.printer().preservingProtoFieldNames().print(record);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a record cannot be printed", e);
    }
  }

  private static String written(ArrayNode node) {
    try {
      return JSON.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a plan cannot be printed", e);
    }
  }
}
