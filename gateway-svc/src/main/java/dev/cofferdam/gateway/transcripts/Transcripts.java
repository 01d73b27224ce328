package dev.cofferdam.gateway.transcripts;

import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Optional;

/**
 * The tenants' transcripts. Every call is one tenant's and never sees another's; what has expired
 * is not there, whether it was removed yet or not. All of them throw {@link RefusedException} with
 * DEPENDENCY_UNAVAILABLE where the store is away or too slow, and NOT_OFFERED where there is none.
 * They block.
 */
public interface Transcripts {
  /** There is no store. */
  Transcripts NONE = new NoTranscripts();

  /** The refusal of a gateway that keeps nothing. */
  static RefusedException notOffered() {
    return Refusal.of(ErrorCode.NOT_OFFERED, "this gateway keeps no requests").asException();
  }

  /** Keeps transcripts, all or none; makes the tenant's key where it has none. */
  void put(TenantId tenant, List<Transcript> transcripts);

  /** A transcript, opened. */
  Optional<Transcript> get(TenantId tenant, RequestId id);

  /**
   * Transcripts, the latest first.
   *
   * @param after the last one of the page before; empty: the first page
   * @param limit transcripts at most
   */
  List<TranscriptEntry> list(TenantId tenant, Optional<RequestId> after, int limit);

  /** Removes a transcript; whether it was there. */
  boolean delete(TenantId tenant, RequestId id);

  /** Destroys the tenant's key, and with it whatever was sealed under it, wherever it lies. */
  void erase(TenantId tenant);

  /**
   * Removes what has expired, of all tenants.
   *
   * @param most transcripts at most
   * @return how many were removed
   */
  int sweep(int most);
}
