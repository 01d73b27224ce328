package dev.cofferdam.wire;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import com.google.protobuf.Timestamp;
import io.cloudevents.v1.proto.CloudEvent;
import io.cloudevents.v1.proto.CloudEvent.CloudEventAttributeValue;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Facts as CloudEvents 1.0 in the protobuf format, structured mode. The trace that caused an event
 * is in the extension attributes {@code traceparent}, {@code tracestate} and {@code baggage}.
 */
public final class Events {
  /** Content type of a record's value. */
  public static final String CONTENT_TYPE = "application/cloudevents+protobuf";

  private static final String SPEC_VERSION = "1.0";
  private static final List<String> TRACE_ATTRIBUTES =
      List.of("traceparent", "tracestate", "baggage");

  private Events() {}

  /**
   * An event that was received.
   *
   * @param id unique for its source
   * @param source who says it
   * @param type CloudEvents type
   * @param time when it was said; the epoch where the event does not tell
   * @param traceHeaders trace context and baggage as text headers
   * @param data what it says
   */
  public record ReceivedEvent<T>(
      String id,
      String source,
      String type,
      Instant time,
      Map<String, String> traceHeaders,
      T data) {
    public ReceivedEvent {
      traceHeaders = Map.copyOf(traceHeaders);
    }
  }

  /**
   * The bytes of an event.
   *
   * @param traceHeaders text headers of the trace; others than trace context and baggage are left
   *     out
   */
  public static byte[] encode(
      String id,
      String source,
      String type,
      Instant time,
      Map<String, String> traceHeaders,
      Message data) {
    CloudEvent.Builder event =
        CloudEvent.newBuilder()
            .setId(id)
            .setSource(source)
            .setSpecVersion(SPEC_VERSION)
            .setType(type)
            .putAttributes(
                "time",
                CloudEventAttributeValue.newBuilder()
                    .setCeTimestamp(
                        Timestamp.newBuilder()
                            .setSeconds(time.getEpochSecond())
                            .setNanos(time.getNano()))
                    .build())
            .putAttributes("datacontenttype", text("application/protobuf"))
            .setProtoData(Any.pack(data));
    for (String name : TRACE_ATTRIBUTES) {
      String value = traceHeaders.get(name);
      if (value != null && !value.isEmpty()) {
        event.putAttributes(name, text(value));
      }
    }
    return event.build().toByteArray();
  }

  private static CloudEventAttributeValue text(String value) {
    return CloudEventAttributeValue.newBuilder().setCeString(value).build();
  }

  /**
   * Reads an event.
   *
   * @throws IllegalArgumentException where the bytes are no event, or its data is of another type
   */
  public static <T extends Message> ReceivedEvent<T> parse(
      byte[] value, Parser<T> parser, Class<T> type) {
    try {
      CloudEvent event = CloudEvent.parseFrom(value);
      if (event.getId().isEmpty() || event.getSource().isEmpty() || !event.hasProtoData()) {
        throw new IllegalArgumentException("not an event: id, source or data is missing");
      }
      Any any = event.getProtoData();
      T data = type.cast(parser.parseFrom(any.getValue()));
      String expected = data.getDescriptorForType().getFullName();
      if (!any.getTypeUrl().endsWith("/" + expected)) {
        throw new IllegalArgumentException(
            "data is " + any.getTypeUrl() + " (expected: " + expected + ")");
      }
      Timestamp time = event.getAttributesOrDefault("time", text("")).getCeTimestamp();
      Map<String, String> trace = new HashMap<>();
      for (String name : TRACE_ATTRIBUTES) {
        CloudEventAttributeValue attribute = event.getAttributesMap().get(name);
        if (attribute != null) {
          trace.put(name, attribute.getCeString());
        }
      }
      return new ReceivedEvent<>(
          event.getId(),
          event.getSource(),
          event.getType(),
          Instant.ofEpochSecond(time.getSeconds(), time.getNanos()),
          trace,
          data);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException("not an event: " + e.getMessage(), e);
    }
  }
}
