package dev.cofferdam.gateway.quota;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;

/**
 * A part of a tenant's limits that the store has leased to this gateway. Requests take from it
 * until it is closed; it is given back once the last of them has ended. Guarded by its own lock.
 */
public final class Slice {
  private final RequestId id;
  private final TenantProfile tenant;
  private final String model;
  private final Size size;
  private final long takenMs;
  private final long storeMs;
  private volatile long requestsLeft; // written under the lock
  private volatile long tokensLeft;
  private long microsLeft;
  private long inFlight;
  private long peakInFlight;
  private long usedTokens;
  private long usedMicros;
  private long lastUsedMs;
  private boolean closed;
  private boolean returned;

  /**
   * How much it is.
   *
   * @param requests requests
   * @param tokens input and output tokens
   * @param inFlight requests at once
   * @param micros money
   */
  public record Size(long requests, long tokens, long inFlight, long micros) {}

  /**
   * @param takenMs when it was taken, on this gateway's clock, before the store was asked
   * @param storeMs the same on the store's clock
   */
  public Slice(
      RequestId id, TenantProfile tenant, String model, Size size, long takenMs, long storeMs) {
    this.id = id;
    this.tenant = tenant;
    this.model = model;
    this.size = size;
    this.takenMs = takenMs;
    this.storeMs = storeMs;
    this.requestsLeft = size.requests();
    this.tokensLeft = size.tokens();
    this.microsLeft = size.micros();
    this.lastUsedMs = takenMs;
  }

  /** Its name in the store. */
  public RequestId id() {
    return id;
  }

  /** Whose limits, as they were when it was taken. */
  public TenantProfile tenant() {
    return tenant;
  }

  /** The model that its requests are for. */
  public String model() {
    return model;
  }

  /** All of it. */
  public Size size() {
    return size;
  }

  /** When the store granted it, on the store's clock. */
  public long storeMs() {
    return storeMs;
  }

  /** When it was taken, on this gateway's clock. */
  public long takenMs() {
    return takenMs;
  }

  /** Whether it was given back. */
  synchronized boolean returned() {
    return returned;
  }

  /** Requests that took from it. */
  public synchronized long usedRequests() {
    return size.requests() - requestsLeft;
  }

  /** Tokens that ended requests used. */
  public synchronized long usedTokens() {
    return usedTokens;
  }

  /** What they cost. */
  public synchronized long usedMicros() {
    return usedMicros;
  }

  /** Requests that are left. */
  public long requestsLeft() {
    return requestsLeft;
  }

  /** Tokens that are left. */
  public long tokensLeft() {
    return tokensLeft;
  }

  synchronized boolean take(long nowMs, long tokens, long micros, long untilMs) {
    if (closed
        || nowMs >= untilMs
        || requestsLeft == 0
        || tokens > tokensLeft
        || micros > microsLeft
        || inFlight >= size.inFlight()) {
      return false;
    }
    requestsLeft = requestsLeft - 1;
    tokensLeft = tokensLeft - tokens;
    microsLeft -= micros;
    inFlight++;
    peakInFlight = Math.max(peakInFlight, inFlight);
    lastUsedMs = nowMs;
    return true;
  }

  /** Ends a request; what it did not use can be taken again. */
  synchronized void settle(long reserved, long reservedMicros, long used, long micros) {
    inFlight--;
    tokensLeft = tokensLeft + reserved - used;
    microsLeft += reservedMicros - micros;
    usedTokens += used;
    usedMicros += micros;
  }

  synchronized long peakInFlight() {
    return peakInFlight;
  }

  /** No request takes from it any more. */
  synchronized void close() {
    closed = true;
  }

  synchronized boolean idle(long nowMs, long idleMs) {
    return inFlight == 0 && nowMs - lastUsedMs >= idleMs;
  }

  boolean old(long nowMs, long sliceMs) {
    return nowMs - takenMs >= sliceMs;
  }

  /** True once: it is closed, and nothing of it is in flight. */
  synchronized boolean ended() {
    if (!closed || inFlight > 0 || returned) {
      return false;
    }
    returned = true;
    return true;
  }
}
