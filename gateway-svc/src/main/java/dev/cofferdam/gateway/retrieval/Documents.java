package dev.cofferdam.gateway.retrieval;

import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Optional;

/**
 * The tenants' documents. Every call is one tenant's and never sees another's. All of them throw
 * {@link RefusedException} with DEPENDENCY_UNAVAILABLE where the store is away or too slow, and
 * NOT_OFFERED where there is none. They block.
 */
public interface Documents {
  /** There is no store. */
  Documents NONE = new NoDocuments();

  /** The refusal of a gateway that keeps nothing. */
  static RefusedException notOffered() {
    return Refusal.of(ErrorCode.NOT_OFFERED, "this gateway keeps no documents").asException();
  }

  /**
   * Keeps a document, in place of one with its id.
   *
   * @throws RefusedException STORAGE_QUOTA_EXCEEDED where that would be more than the limits allow
   */
  DocumentEntry put(TenantId tenant, Document document, DocumentLimits limits);

  /** A document. */
  Optional<Found> get(TenantId tenant, String id);

  /**
   * Documents by id.
   *
   * @param collection of which; empty: of all
   * @param after id that comes before the first; empty: none
   * @param limit documents at most
   */
  List<DocumentEntry> list(TenantId tenant, Optional<String> collection, String after, int limit);

  /** Removes a document; whether it was there. */
  boolean delete(TenantId tenant, String id);

  /** Removes all documents of a tenant. */
  void erase(TenantId tenant);

  /** The passages that fit a question, the best first. */
  List<Passage> search(TenantId tenant, Question question);

  /** A document with its text. */
  record Found(DocumentEntry entry, String text) {}
}
