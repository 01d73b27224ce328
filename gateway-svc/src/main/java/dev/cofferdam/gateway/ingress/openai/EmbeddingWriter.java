package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cofferdam.gateway.dispatch.Answered;
import dev.cofferdam.gateway.dispatch.Told;
import dev.cofferdam.gateway.ingress.rest.EventStream;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.Writer;
import dev.cofferdam.vocabulary.Refusal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;

/** Embeddings in OpenAI's JSON. They come whole; there is no stream of them. */
final class EmbeddingWriter implements Writer {
  private final EmbeddingQuery query;
  private final String model;

  EmbeddingWriter(EmbeddingQuery query, Query.Begun begun) {
    this.query = query;
    this.model = query.model().shown(begun);
  }

  @Override
  public JsonNode whole(List<Answered> inputs, Told.Usage sum) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
    ArrayNode data = body.putArray("data");
    for (int i = 0; i < inputs.size(); i++) {
      ObjectNode entry = data.addObject().put("object", "embedding").put("index", i);
      float[] values = inputs.get(i).embedding();
      if (query.base64()) {
        entry.put("embedding", base64(values));
      } else {
        ArrayNode list = entry.putArray("embedding");
        for (float value : values) {
          list.add(value);
        }
      }
    }
    body.put("model", model);
    body.putObject("usage")
        .put("prompt_tokens", sum.promptTokens())
        .put("total_tokens", sum.promptTokens());
    return body;
  }

  /** IEEE 754 singles, the lowest byte first. */
  private static String base64(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  @Override
  public void text(EventStream out, int choice, Told.Text text) {
    throw noStream();
  }

  @Override
  public void ended(EventStream out, int choice, Told.Finished end) {
    throw noStream();
  }

  @Override
  public void finished(EventStream out, Told.Usage sum) {
    throw noStream();
  }

  @Override
  public void failed(EventStream out, Refusal refusal) {
    throw noStream();
  }

  private static IllegalStateException noStream() {
    return new IllegalStateException("embeddings are not streamed");
  }
}
