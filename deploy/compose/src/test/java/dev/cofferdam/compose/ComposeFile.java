package dev.cofferdam.compose;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The file as a reader of YAML sees it. */
record ComposeFile(Map<String, Object> root) {
  static final Path REPOSITORY = Path.of("../..").toAbsolutePath().normalize();

  static ComposeFile read() {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    try {
      String text = Files.readString(REPOSITORY.resolve("deploy/compose/compose.yaml"));
      return new ComposeFile(map(new Yaml(new SafeConstructor(options)).load(text)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Map<String, Map<String, Object>> services() {
    Map<String, Map<String, Object>> services = new TreeMap<>();
    map(root.get("services")).forEach((name, service) -> services.put(name, map(service)));
    return services;
  }

  Map<String, Object> service(String name) {
    return services().get(name);
  }

  Map<String, Object> networks() {
    return map(root.get("networks"));
  }

  /** Who is in a network. */
  Set<String> members(String network) {
    Set<String> members = new TreeSet<>();
    services()
        .forEach(
            (name, service) -> {
              if (list(service.get("networks")).contains(network)) {
                members.add(name);
              }
            });
    return members;
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> map(Object value) {
    return value == null ? Map.of() : (Map<String, Object>) value;
  }

  @SuppressWarnings("unchecked")
  static List<Object> list(Object value) {
    return value == null ? List.of() : (List<Object>) value;
  }
}
