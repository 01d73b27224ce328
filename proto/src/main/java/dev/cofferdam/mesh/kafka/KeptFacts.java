package dev.cofferdam.mesh.kafka;

import dev.cofferdam.proto.events.v1.KeptRecorded;
import dev.cofferdam.vocabulary.TenantId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;

/**
 * Tells what tenants keep: each thing once an hour, as it is when the hour's first look is taken.
 * Whoever tells the same again, after a restart or beside another, changes nothing: the ledger
 * counts the first. Belongs to one thread.
 */
public final class KeptFacts {
  /** CloudEvents type. */
  public static final String TYPE = "dev.cofferdam.kept.recorded.v1";

  private static final long HOUR_MS = Duration.ofHours(1).toMillis();

  /**
   * Something that is kept.
   *
   * @param tenant whose
   * @param kind "adapter" or "storage"
   * @param keeper the database where storage is, else empty
   * @param model model id of an adapter, else empty
   * @param name the adapter's, or what is stored
   */
  public record Thing(TenantId tenant, String kind, String keeper, String model, String name) {
    /** An adapter in a worker's memory. */
    public static Thing adapter(TenantId tenant, String model, String name) {
      return new Thing(tenant, "adapter", "", model, name);
    }

    /** Bytes in a database. */
    public static Thing storage(TenantId tenant, String database, String name) {
      return new Thing(tenant, "storage", database, "", name);
    }
  }

  private final FactPublisher publisher;
  private final Set<Thing> told = new HashSet<>();
  private long hourMs;

  /** The publisher stays the caller's. */
  public KeptFacts(FactPublisher publisher) {
    this.publisher = publisher;
  }

  /**
   * Tells of a thing, unless it was told in this hour already or has no bytes.
   *
   * @throws SpoolFullException where it cannot be kept now; to be tried again
   */
  public void tell(Thing thing, long bytes, Instant now) {
    long hour = Math.floorDiv(now.toEpochMilli(), HOUR_MS) * HOUR_MS;
    if (hour != hourMs) {
      told.clear();
      hourMs = hour;
    }
    if (bytes == 0 || told.contains(thing)) {
      return;
    }
    publisher.publish(
        Topics.KEPT,
        thing.tenant().value(),
        String.join(
            ":",
            thing.keeper(),
            thing.tenant().value(),
            thing.kind(),
            thing.name(),
            Long.toString(hour)),
        TYPE,
        KeptRecorded.newBuilder()
            .setTenant(thing.tenant().value())
            .setKind(thing.kind())
            .setKeeper(thing.keeper())
            .setModel(thing.model())
            .setName(thing.name())
            .setHourEpochMs(hour)
            .setBytes(bytes)
            .build());
    told.add(thing);
  }
}
