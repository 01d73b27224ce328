package dev.cofferdam.gateway.responses;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** Where sealed answers lie, in numbered slots of each tenant. */
public interface ResponseStore {
  /** A slot's content; fails where the store does. */
  CompletionStage<Optional<byte[]>> get(TenantId tenant, int slot);

  /** Replaces a slot's content for some time; what cannot be written is lost. */
  void put(TenantId tenant, int slot, byte[] content, int seconds);
}
