package dev.cofferdam.gateway.transcripts;

import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Optional;

/** Without a store, whoever asks for transcripts is refused, and there are none to remove. */
final class NoTranscripts implements Transcripts {
  @Override
  public void put(TenantId tenant, List<Transcript> transcripts) {
    throw Transcripts.notOffered();
  }

  @Override
  public Optional<Transcript> get(TenantId tenant, RequestId id) {
    throw Transcripts.notOffered();
  }

  @Override
  public List<TranscriptEntry> list(TenantId tenant, Optional<RequestId> after, int limit) {
    throw Transcripts.notOffered();
  }

  @Override
  public boolean delete(TenantId tenant, RequestId id) {
    throw Transcripts.notOffered();
  }

  @Override
  public void erase(TenantId tenant) {
    // There are none.
  }

  @Override
  public int sweep(int most) {
    return 0;
  }
}
