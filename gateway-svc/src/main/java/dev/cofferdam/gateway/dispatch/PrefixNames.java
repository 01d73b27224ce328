package dev.cofferdam.gateway.dispatch;

import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrefixDigests;
import dev.cofferdam.vocabulary.TenantId;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The tenant-keyed names under which prefix caches know a request's blocks. The secret is the
 * gateways' own; what leaves is a tenant's key, to workers that serve the tenant, and digests.
 */
public final class PrefixNames {
  /** Bytes of the secret at least. */
  public static final int SECRET_BYTES_MIN = 32;

  private static final int EPOCH = 0;
  private static final int BLOCKS_MAX = 512;

  private static final int TENANTS_REMEMBERED_MAX = 10_000;

  private final byte[] secret;
  private final int blockTokens;
  private final Map<TenantId, byte[]> keys = new ConcurrentHashMap<>();

  /**
   * @param secret random bytes that all gateways share
   * @param blockTokens tokens of a KV block
   */
  public PrefixNames(byte[] secret, int blockTokens) {
    if (secret.length < SECRET_BYTES_MIN) {
      throw new IllegalArgumentException(
          "prefix secret: " + secret.length + " bytes (expected: >= " + SECRET_BYTES_MIN + ")");
    }
    this.secret = secret.clone();
    this.blockTokens = blockTokens;
  }

  /** The key of a request's tenant; empty where prefix caches are not used. */
  byte[] key(Generation generation) {
    return generation.operation() == Operation.EMBED
        ? new byte[0]
        : key(generation.identity().tenant().id());
  }

  private byte[] key(TenantId tenant) {
    if (keys.size() > TENANTS_REMEMBERED_MAX) {
      keys.clear();
    }
    return keys.computeIfAbsent(tenant, t -> PrefixDigests.tenantKey(secret, t, EPOCH)).clone();
  }

  /** Digests of the full blocks of a request's tokens; none where prefix caches are not used. */
  List<byte[]> digests(Generation generation, int[] tokens) {
    if (generation.operation() == Operation.EMBED) {
      return List.of();
    }
    return new PrefixDigests(
            key(generation.identity().tenant().id()),
            generation.model().digest(),
            generation.adapter().map(AdapterEntry::version).orElse(""),
            blockTokens)
        .ofSequence(tokens, tokens.length, BLOCKS_MAX);
  }
}
