package dev.cofferdam.chart;

import static dev.cofferdam.chart.Rendered.map;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.kubernetes.client.openapi.JSON;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.Yaml;

/**
 * Holds objects against the API: Kubernetes' own kinds by the models that are generated from its
 * OpenAPI document (unknown fields, missing fields, types), others by crds.yaml.
 */
final class Schemas {
  private static final String MODELS = "io.kubernetes.client.openapi.models.";
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Map<String, Object> CUSTOM = custom();

  private static final Map<String, String> MODEL_OF =
      Map.ofEntries(
          Map.entry("v1", "V1"),
          Map.entry("apps/v1", "V1"),
          Map.entry("autoscaling/v2", "V2"),
          Map.entry("networking.k8s.io/v1", "V1"),
          Map.entry("policy/v1", "V1"),
          Map.entry("rbac.authorization.k8s.io/v1", "V1"),
          Map.entry("scheduling.k8s.io/v1", "V1"),
          // The version that became v1; the models are those of Kubernetes 1.33.
          Map.entry("resource.k8s.io/v1", "V1beta2"));

  private Schemas() {}

  /** What does not hold; empty where all does. */
  static List<String> problems(Map<String, Object> object) {
    String kind = String.valueOf(object.get("kind"));
    String version = String.valueOf(object.get("apiVersion"));
    String where = kind + " " + Rendered.name(object) + ": ";
    String model = MODEL_OF.get(version);
    if (model != null) {
      return core(model + kind, object).stream().map(where::concat).toList();
    }
    if (!CUSTOM.containsKey(kind)) {
      return List.of(where + "no schema is known for it");
    }
    Map<String, Object> schema = map(CUSTOM.get(kind));
    List<String> problems = new ArrayList<>();
    if (!Rendered.list(schema.get("apiVersions")).contains(version)) {
      problems.add(where + "apiVersion " + version);
    }
    check(where + "spec", object.get("spec"), schema.get("spec"), problems);
    return problems;
  }

  private static List<String> core(String model, Map<String, Object> object) {
    try {
      JsonElement json = JsonParser.parseString(MAPPER.writeValueAsString(object));
      Class<?> type = Class.forName(MODELS + model);
      type.getMethod("validateJsonElement", JsonElement.class).invoke(null, json);
      var unused = JSON.getGson().fromJson(json, type);
      return List.of();
    } catch (InvocationTargetException e) {
      return List.of(String.valueOf(e.getCause().getMessage()));
    } catch (RuntimeException e) {
      return List.of(String.valueOf(e.getMessage()));
    } catch (IOException | ReflectiveOperationException e) {
      return List.of(e.toString());
    }
  }

  private static void check(String path, Object value, Object schema, List<String> problems) {
    if (schema instanceof Map<?, ?> fields) {
      if (!(value instanceof Map<?, ?> given)) {
        problems.add(path + " (expected: an object)");
        return;
      }
      fields.forEach(
          (field, unused) -> {
            String name = field.toString();
            if (name.endsWith("!") && !given.containsKey(name.substring(0, name.length() - 1))) {
              problems.add(path + "." + name + " is missing");
            }
          });
      given.forEach(
          (name, inner) -> {
            Object known = fields.containsKey(name) ? fields.get(name) : fields.get(name + "!");
            if (known == null) {
              problems.add(path + "." + name + " is unknown");
            } else {
              check(path + "." + name, inner, known, problems);
            }
          });
    } else if (schema instanceof List<?> of) {
      if (value instanceof List<?> items) {
        items.forEach(item -> check(path + "[]", item, of.getFirst(), problems));
      } else {
        problems.add(path + " (expected: a list)");
      }
    } else {
      boolean holds =
          switch (schema.toString()) {
            case "string" -> value instanceof String;
            case "integer" -> value instanceof Integer;
            case "boolean" -> value instanceof Boolean;
            case "object" -> value instanceof Map;
            default -> throw new AssertionError("crds.yaml: " + schema);
          };
      if (!holds) {
        problems.add(path + ": " + value + " (expected: " + schema + ")");
      }
    }
  }

  private static Map<String, Object> custom() {
    try (InputStream in = Schemas.class.getResourceAsStream("/crds.yaml")) {
      return new Yaml().load(in);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
