package dev.cofferdam.gateway.tenancy;

import dev.cofferdam.vocabulary.RolloutShare;
import dev.cofferdam.vocabulary.TenantId;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A version of a tenant's adapter.
 *
 * @param tenant its owner
 * @param name name in requests
 * @param model base model
 * @param version digest over its files, 64 hexadecimal digits
 * @param folder where its files lie below the root of the adapters
 * @param trial another version, which a share of the conversations gets
 */
public record AdapterEntry(
    TenantId tenant,
    String name,
    String model,
    String version,
    String folder,
    Optional<Trial> trial) {

  /**
   * A version that is being rolled out.
   *
   * @param version digest over its files
   * @param folder where its files lie
   * @param weight share of the conversations that get it
   */
  public record Trial(String version, String folder, double weight) {}

  /** An adapter whose files lie under its name, and of which there is no other version. */
  public AdapterEntry(TenantId tenant, String name, String model, String version) {
    this(tenant, name, model, version, name, Optional.empty());
  }

  /**
   * The version that a conversation gets, at each of its turns.
   *
   * @param digest of the conversation's beginning, under a key of the tenant's; asked for only
   *     where there is a trial
   */
  public AdapterEntry forConversation(Supplier<byte[]> digest) {
    if (trial.isEmpty()) {
      return this;
    }
    Trial t = trial.get();
    return RolloutShare.includes(digest.get(), t.version, t.weight)
        ? new AdapterEntry(tenant, name, model, t.version, t.folder, Optional.empty())
        : new AdapterEntry(tenant, name, model, version, folder, Optional.empty());
  }
}
