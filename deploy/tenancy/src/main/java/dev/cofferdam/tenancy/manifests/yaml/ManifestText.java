package dev.cofferdam.tenancy.manifests.yaml;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** Objects as a stream of YAML documents, for {@code kubectl apply -f -}. */
public final class ManifestText {
  private ManifestText() {}

  /** The documents, each behind its "---". */
  public static String of(List<Map<String, Object>> objects) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setIndicatorIndent(2);
    options.setIndentWithIndicator(true);
    options.setWidth(200);
    options.setDereferenceAliases(true);
    Yaml yaml = new Yaml(options);
    return objects.stream().map(o -> "---\n" + yaml.dump(o)).collect(Collectors.joining());
  }
}
