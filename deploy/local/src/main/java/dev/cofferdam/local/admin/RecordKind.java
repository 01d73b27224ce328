package dev.cofferdam.local.admin;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.cofferdam.proto.admin.v1.Adapter;
import dev.cofferdam.proto.admin.v1.Model;
import dev.cofferdam.proto.admin.v1.Pool;
import dev.cofferdam.proto.admin.v1.RateCard;
import dev.cofferdam.proto.admin.v1.Tenant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Kinds of records that are declared, in the order in which they refer to each other. */
public enum RecordKind {
  /** Pools of workers. */
  POOL("pools", "pool", Pool.getDefaultInstance(), List.of("id"), Set.of()),
  /** Prices. */
  RATE_CARD("rate_cards", "rate card", RateCard.getDefaultInstance(), List.of("id"), Set.of()),
  /** Models; the gateway computes what is not said of the files when the folder is new. */
  MODEL(
      "models",
      "model",
      Model.getDefaultInstance(),
      List.of("id"),
      Set.of("digest", "kv_bytes_per_token")),
  /** Tenants; without a status the one in force stays. */
  TENANT(
      "tenants",
      "tenant",
      Tenant.getDefaultInstance(),
      List.of("id"),
      Set.of("status", "throttle_share")),
  /** Adapters; without a version the gateway computes it when the folder is new. */
  ADAPTER(
      "adapters",
      "adapter",
      Adapter.getDefaultInstance(),
      List.of("tenant", "name"),
      Set.of("version"));

  private static final Set<String> SERVER_FIELDS =
      Set.of(
          "revision", "changed_epoch_s", "created_epoch_s", "rollout", "former", "since_epoch_s");

  private final String section;
  private final String word;
  private final Message prototype;
  private final List<String> keyFields;
  private final Set<String> kept;

  RecordKind(
      String section, String word, Message prototype, List<String> keyFields, Set<String> kept) {
    this.section = section;
    this.word = word;
    this.prototype = prototype;
    this.keyFields = keyFields;
    this.kept = kept;
  }

  /** The kind of a section's name. */
  public static Optional<RecordKind> ofSection(String name) {
    return List.of(values()).stream().filter(kind -> kind.section.equals(name)).findFirst();
  }

  /** Its name in files and on the command line. */
  public String section() {
    return section;
  }

  /** One of them, in words. */
  public String word() {
    return word;
  }

  /** An empty record with its key's fields: "id", or "tenant/name". */
  public Message.Builder empty(String key) {
    String[] parts = key.split("/", -1);
    if (parts.length != keyFields.size()) {
      throw new IllegalArgumentException(
          word + " " + key + " (expected: " + String.join("/", keyFields) + ")");
    }
    Message.Builder builder = prototype.newBuilderForType();
    for (int i = 0; i < parts.length; i++) {
      builder.setField(field(keyFields.get(i)), parts[i]);
    }
    return builder;
  }

  /**
   * The record that a change of single fields begins with. What is computed from files is left out,
   * so that it is computed anew.
   */
  public Message.Builder edited(String key, Optional<Message> present) {
    Message.Builder builder = present.map(Message::toBuilder).orElseGet(() -> empty(key));
    if (this == MODEL || this == ADAPTER) {
      kept.forEach(name -> builder.clearField(field(name)));
    }
    return builder;
  }

  /** A record's key. */
  public String key(Message record) {
    return keyFields.stream()
        .map(name -> String.valueOf(record.getField(field(name))))
        .collect(Collectors.joining("/"));
  }

  /** A record's revision. */
  public long revision(Message record) {
    return (Long) record.getField(field("revision"));
  }

  /** The fields that are declared. */
  public List<FieldDescriptor> declared() {
    return prototype.getDescriptorForType().getFields().stream()
        .filter(f -> !keyFields.contains(f.getName()) && !SERVER_FIELDS.contains(f.getName()))
        .toList();
  }

  /**
   * The record that a declaration leads to: what it does not name and only the mesh knows is taken
   * from the record in force.
   */
  public Message completed(Message declared, Optional<Message> present) {
    Message.Builder builder = declared.toBuilder();
    if (present.isEmpty()) {
      if (this == TENANT && ((Tenant) declared).getStatusValue() == 0) {
        ((Tenant.Builder) builder)
            .setStatus(dev.cofferdam.proto.admin.v1.TenantStatus.TENANT_STATUS_ACTIVE);
      }
      return builder.build();
    }
    SERVER_FIELDS.stream()
        .map(name -> prototype.getDescriptorForType().findFieldByName(name))
        .filter(java.util.Objects::nonNull)
        .filter(f -> !f.hasPresence() || present.get().hasField(f))
        .forEach(f -> builder.setField(f, present.get().getField(f)));
    FieldDescriptor folder = prototype.getDescriptorForType().findFieldByName("folder");
    if (folder == null || declared.getField(folder).equals(present.get().getField(folder))) {
      kept.stream()
          .map(this::field)
          .filter(f -> keeps(declared, f))
          .forEach(f -> builder.setField(f, present.get().getField(f)));
    }
    return builder.build();
  }

  /**
   * A tenant's status and share are one thing; what is computed from files stays field by field.
   */
  private boolean keeps(Message declared, FieldDescriptor field) {
    return this == TENANT
        ? kept.stream().allMatch(name -> unset(declared, field(name)))
        : unset(declared, field);
  }

  private static boolean unset(Message record, FieldDescriptor field) {
    Object value = record.getField(field);
    return value.equals(field.getDefaultValue())
        || (value instanceof com.google.protobuf.Descriptors.EnumValueDescriptor e
            && e.getNumber() == 0);
  }

  private FieldDescriptor field(String name) {
    FieldDescriptor field = prototype.getDescriptorForType().findFieldByName(name);
    if (field == null) {
      throw new IllegalStateException(word + " has no field " + name);
    }
    return field;
  }
}
