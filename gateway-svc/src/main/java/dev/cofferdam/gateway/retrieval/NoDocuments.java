package dev.cofferdam.gateway.retrieval;

import dev.cofferdam.vocabulary.DocumentLimits;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Optional;

/** Without a store, whoever asks for documents is refused, and there are none to erase. */
final class NoDocuments implements Documents {
  @Override
  public DocumentEntry put(TenantId tenant, Document document, DocumentLimits limits) {
    throw Documents.notOffered();
  }

  @Override
  public Optional<Found> get(TenantId tenant, String id) {
    throw Documents.notOffered();
  }

  @Override
  public List<DocumentEntry> list(
      TenantId tenant, Optional<String> collection, String after, int limit) {
    throw Documents.notOffered();
  }

  @Override
  public boolean delete(TenantId tenant, String id) {
    throw Documents.notOffered();
  }

  @Override
  public void erase(TenantId tenant) {
    // There are none.
  }

  @Override
  public List<Passage> search(TenantId tenant, Question question) {
    throw Documents.notOffered();
  }
}
