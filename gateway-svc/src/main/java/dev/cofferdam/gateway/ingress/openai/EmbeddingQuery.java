package dev.cofferdam.gateway.ingress.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cofferdam.gateway.ingress.Asked;
import dev.cofferdam.gateway.ingress.rest.Fields;
import dev.cofferdam.gateway.ingress.rest.KnownFields;
import dev.cofferdam.gateway.ingress.rest.ModelName;
import dev.cofferdam.gateway.ingress.rest.Query;
import dev.cofferdam.gateway.ingress.rest.RestAsked;
import dev.cofferdam.gateway.ingress.rest.Writer;
import dev.cofferdam.vocabulary.Operation;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Embeddings that a client asks for. Token ids are not taken as input: what is checked and masked
 * is text, and ids could name special tokens. Nor are {@code dimensions}: the models were not
 * trained to put what matters first.
 *
 * @param inputs the texts
 * @param model the model as the client wrote it
 * @param base64 whether vectors are written as bytes
 */
record EmbeddingQuery(List<Asked> inputs, ModelName model, boolean base64) implements Query {
  private static final Asked.FieldNames NAMES =
      Asked.FieldNames.ofEmbedding("model", "model", "input");

  private static final KnownFields FIELDS =
      new KnownFields(
          Set.of("model", "input", "encoding_format"), Map.of("user", JsonNode::isTextual));

  EmbeddingQuery {
    inputs = List.copyOf(inputs);
  }

  /**
   * Reads a body.
   *
   * @throws dev.cofferdam.vocabulary.RefusedException naming the field that is to blame
   */
  static EmbeddingQuery read(JsonNode body) {
    FIELDS.check(body, "");
    ModelName model = ModelName.of(body);
    List<Asked> inputs =
        texts(body).stream()
            .map(
                text ->
                    RestAsked.of(model, new Asked.Input.Text(text), Asked.Tuning.defaults(), NAMES))
            .toList();
    return new EmbeddingQuery(inputs, model, base64(body));
  }

  private static List<String> texts(JsonNode body) {
    for (JsonNode entry : Fields.present(body, "input").map(List::of).orElse(List.of())) {
      boolean ids = entry.isArray() && (entry.path(0).isNumber() || entry.path(0).isArray());
      if (ids) {
        throw Fields.unsupported("input", "of token ids is not supported; text is");
      }
    }
    List<String> texts = Fields.strings(body, "input");
    if (texts.isEmpty()) {
      throw Fields.invalid("input", "is missing or empty");
    }
    if (texts.size() > Asked.EMBEDDED_MAX) {
      throw Fields.invalid(
          "input",
          "has " + texts.size() + " entries (expected: at most " + Asked.EMBEDDED_MAX + ")");
    }
    return texts;
  }

  private static boolean base64(JsonNode body) {
    String format = Fields.text(body, "encoding_format", "encoding_format");
    return switch (format) {
      case "", "float" -> false;
      case "base64" -> true;
      default -> throw Fields.invalid("encoding_format", "is unknown (expected: float or base64)");
    };
  }

  @Override
  public Operation operation() {
    return Operation.EMBED;
  }

  @Override
  public int choices() {
    return 1;
  }

  @Override
  public boolean stream() {
    return false;
  }

  @Override
  public Writer writer(Begun begun) {
    return new EmbeddingWriter(this, begun);
  }
}
