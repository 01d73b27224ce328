package dev.cofferdam.scheduler.leadership.kubernetes;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * A Lease as the API server has it, or is to have it. What is written of one that was read keeps
 * everything else that is in it, and the version by which the server sees that it is still the
 * newest.
 */
record LeaseObject(JsonObject json) {
  private static final String API = "coordination.k8s.io/v1";
  private static final DateTimeFormatter MICRO_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  /**
   * What stands in an answer.
   *
   * @throws IllegalArgumentException where it is no Lease, or one without what every stored object
   *     has
   */
  static LeaseObject read(String answer) {
    try {
      LeaseObject lease = new LeaseObject(new JsonObject(answer));
      lease.createdMs();
      lease.holder();
      lease.transitions();
      lease.lifeMs(0);
      if (lease.metadata().getString("resourceVersion", "").isEmpty() || lease.uid().isEmpty()) {
        throw new IllegalArgumentException("metadata: no resourceVersion or uid");
      }
      return lease;
    } catch (DecodeException | ClassCastException | DateTimeException e) {
      throw new IllegalArgumentException("no Lease: " + e.getMessage(), e);
    }
  }

  /** One that is not there yet. */
  static LeaseObject first(String name, String holder, long lifeMs, Instant now) {
    JsonObject metadata =
        new JsonObject()
            .put("name", name)
            .put("labels", new JsonObject().put("app.kubernetes.io/part-of", "cofferdam"));
    return new LeaseObject(
            new JsonObject()
                .put("apiVersion", API)
                .put("kind", "Lease")
                .put("metadata", metadata)
                .put("spec", new JsonObject().put("leaseTransitions", 0)))
        .with(holder, lifeMs, now)
        .put("acquireTime", MICRO_TIME.format(now));
  }

  /** Its holder's next sign of life. */
  LeaseObject renewed(String holder, long lifeMs, Instant now) {
    return with(holder, lifeMs, now);
  }

  /** The next holder's. */
  LeaseObject taken(String holder, long lifeMs, Instant now) {
    return with(holder, lifeMs, now)
        .put("acquireTime", MICRO_TIME.format(now))
        .put("leaseTransitions", Math.addExact(transitions(), 1));
  }

  /** Nobody's: the next one need not wait. */
  LeaseObject givenBack(Instant now) {
    return with("", 1_000, now);
  }

  private LeaseObject with(String holder, long lifeMs, Instant now) {
    return put("holderIdentity", holder)
        .put("leaseDurationSeconds", Math.toIntExact(lifeMs / 1_000))
        .put("renewTime", MICRO_TIME.format(now));
  }

  private LeaseObject put(String name, Object value) {
    JsonObject copy = json.copy();
    JsonObject spec = copy.getJsonObject("spec", new JsonObject());
    copy.put("spec", spec.put(name, value));
    return new LeaseObject(copy);
  }

  /** Who holds it; empty where nobody does. */
  String holder() {
    return spec().getString("holderIdentity", "");
  }

  /** Milliseconds without a sign of its holder's life after which it is over. */
  long lifeMs(long otherwise) {
    Integer seconds = spec().getInteger("leaseDurationSeconds");
    return seconds == null || seconds <= 0 ? otherwise : seconds * 1_000L;
  }

  /**
   * Rises with each holder, and beyond the terms of an object of the same name that was deleted, of
   * Redis, and of a scheduler that led alone, which are milliseconds of a clock: when the API
   * server created the object, and how often it changed hands since.
   */
  long term() {
    return createdMs() + transitions();
  }

  /** Of this object, and of none before or after it that has its name. */
  String uid() {
    return metadata().getString("uid", "");
  }

  /** Whether it is still its maker's. */
  boolean isFirst() {
    return transitions() == 0;
  }

  /** Whether nothing has happened to it between two looks but what does not concern its holder. */
  boolean sameAs(LeaseObject other) {
    return spec().equals(other.spec()) && uid().equals(other.uid());
  }

  private int transitions() {
    return spec().getInteger("leaseTransitions", 0);
  }

  private long createdMs() {
    return Instant.parse(metadata().getString("creationTimestamp", "")).toEpochMilli();
  }

  private JsonObject metadata() {
    return json.getJsonObject("metadata", new JsonObject());
  }

  private JsonObject spec() {
    return json.getJsonObject("spec", new JsonObject());
  }
}
