package dev.cofferdam.tenancy.manifests;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Kubernetes objects as maps, in the order in which they are written. */
final class Kube {
  private Kube() {}

  /** A map of names and values, in their order. */
  static Map<String, Object> map(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }

  /** An object with a name, in a namespace unless that is empty. */
  static Map<String, Object> object(
      String apiVersion,
      String kind,
      String namespace,
      String name,
      Map<String, Object> labels,
      Object... rest) {
    Map<String, Object> metadata = map("name", name);
    if (!namespace.isEmpty()) {
      metadata.put("namespace", namespace);
    }
    metadata.put("labels", labels);
    Map<String, Object> object = map("apiVersion", apiVersion, "kind", kind, "metadata", metadata);
    object.putAll(map(rest));
    return object;
  }

  /** Pods with these labels in a namespace; all of its pods where there are none. */
  static Map<String, Object> pods(String namespace, Map<String, Object> labels) {
    Map<String, Object> peer =
        map("namespaceSelector", map("matchLabels", map("kubernetes.io/metadata.name", namespace)));
    if (!labels.isEmpty()) {
      peer.put("podSelector", map("matchLabels", labels));
    }
    return peer;
  }

  /** TCP ports of a rule. */
  static List<Object> tcp(int... ports) {
    return java.util.Arrays.stream(ports)
        .<Object>mapToObj(port -> map("protocol", "TCP", "port", port))
        .toList();
  }
}
