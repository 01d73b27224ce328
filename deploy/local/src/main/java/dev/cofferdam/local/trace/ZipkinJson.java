package dev.cofferdam.local.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Spans as Zipkin's API has them (version 2): a list of traces, each a list of spans. */
final class ZipkinJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long NS_PER_US = 1_000;

  private ZipkinJson() {}

  static byte[] of(List<StoredSpan> spans) throws JsonProcessingException {
    Map<String, ArrayNode> traces = new LinkedHashMap<>();
    for (StoredSpan span : spans) {
      ObjectNode node =
          traces
              .computeIfAbsent(span.trace(), unused -> JSON.createArrayNode())
              .addObject()
              .put("traceId", span.trace())
              .put("id", span.span())
              .put("name", span.name())
              .put("timestamp", span.startNanos() / NS_PER_US)
              .put("duration", (span.endNanos() - span.startNanos()) / NS_PER_US);
      if (!span.parent().isEmpty()) {
        node.put("parentId", span.parent());
      }
      node.putObject("localEndpoint").put("serviceName", span.service());
      ObjectNode tags = node.putObject("tags");
      span.attributes().forEach(tags::put);
      if (span.failed()) {
        tags.put("error", "true");
      }
    }
    ArrayNode all = JSON.createArrayNode();
    traces.values().forEach(all::add);
    return JSON.writeValueAsBytes(all);
  }
}
