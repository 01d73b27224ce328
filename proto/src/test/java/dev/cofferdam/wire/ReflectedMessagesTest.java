package dev.cofferdam.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Help;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import dev.cofferdam.proto.events.v1.UsageRecorded;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Messages that go into a {@code google.protobuf.Any} are looked at by reflection, which a native
 * executable has for those classes only that it was told of.
 */
class ReflectedMessagesTest {
  private static final String METADATA =
      "/META-INF/native-image/dev.cofferdam/cofferdam-proto/reachability-metadata.json";

  private final Set<String> names = new TreeSet<>();

  @Test
  void theMetadataNamesEveryMessageThatIsPacked() throws IOException {
    UsageRecorded.getDescriptor().getFile().getMessageTypes().forEach(this::add);
    List.of(
            ErrorInfo.getDescriptor(),
            RetryInfo.getDescriptor(),
            QuotaFailure.getDescriptor(),
            Help.getDescriptor(),
            BadRequest.getDescriptor())
        .forEach(this::add);

    List<String> registered = new ArrayList<>();
    try (InputStream in = ReflectedMessagesTest.class.getResourceAsStream(METADATA)) {
      for (JsonNode entry : new ObjectMapper().readTree(in).get("reflection")) {
        if (entry.path("allPublicMethods").asBoolean()) {
          registered.add(entry.get("type").asText());
        }
      }
    }
    assertThat(registered).containsExactlyElementsOf(names);
  }

  private void add(Descriptor message) {
    if (message.getOptions().getMapEntry()) {
      message.getFields().forEach(this::add);
    } else if (names.add(className(message))) {
      names.add(className(message) + "$Builder");
      message.getFields().forEach(this::add);
    }
  }

  private void add(FieldDescriptor field) {
    switch (field.getJavaType()) {
      case MESSAGE -> add(field.getMessageType());
      case ENUM -> names.add(className(field.getEnumType()));
      default -> {}
    }
  }

  private static String className(Descriptor message) {
    Descriptor outer = message.getContainingType();
    return outer == null
        ? javaPackage(message.getFile()) + message.getName()
        : className(outer) + "$" + message.getName();
  }

  private static String className(EnumDescriptor type) {
    Descriptor outer = type.getContainingType();
    return outer == null
        ? javaPackage(type.getFile()) + type.getName()
        : className(outer) + "$" + type.getName();
  }

  private static String javaPackage(FileDescriptor file) {
    assertThat(file.getOptions().getJavaMultipleFiles()).isTrue();
    return file.getOptions().getJavaPackage() + ".";
  }
}
