package dev.cofferdam.gateway.tenancy.kafka;

import dev.cofferdam.gateway.tenancy.KeyVerifier;
import dev.cofferdam.gateway.tenancy.Tenants;
import dev.cofferdam.mesh.kafka.ConfigView;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.wire.TenantRecords;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tenants and keys in force. A record is translated once and again only when it changes; one that
 * does not hold is as good as none.
 */
public final class ConfiguredTenants implements Tenants {
  private static final Logger LOG = LoggerFactory.getLogger(ConfiguredTenants.class);
  private static final int SHA256_BYTES = 32;

  private final ConfigView<Tenant> tenants;
  private final ConfigView<ApiKey> keys;
  private final Map<String, Translated<Tenant, TenantProfile>> profiles = new ConcurrentHashMap<>();
  private final Map<String, Translated<ApiKey, KeyVerifier>> verifiers = new ConcurrentHashMap<>();

  private record Translated<R, T>(R record, @Nullable T value) {}

  /** Views stay the caller's. */
  public ConfiguredTenants(ConfigView<Tenant> tenants, ConfigView<ApiKey> keys) {
    this.tenants = tenants;
    this.keys = keys;
    tenants.onChange(() -> profiles.keySet().retainAll(tenants.snapshot().keySet()));
    keys.onChange(() -> verifiers.keySet().retainAll(keys.snapshot().keySet()));
  }

  @Override
  public Optional<TenantProfile> tenant(TenantId id) {
    return translated(tenants, profiles, id.value(), TenantRecords::profile)
        .filter(profile -> profile.id().equals(id));
  }

  @Override
  public Optional<KeyVerifier> key(String keyId) {
    return translated(keys, verifiers, keyId, ConfiguredTenants::verifier)
        .filter(verifier -> verifier.keyId().equals(keyId));
  }

  private static KeyVerifier verifier(ApiKey record) {
    byte[] sha256 = record.getSha256().toByteArray();
    if (sha256.length != SHA256_BYTES) {
      throw new IllegalArgumentException("sha256: " + sha256.length + " bytes (expected: 32)");
    }
    return new KeyVerifier(
        record.getKeyId(), new TenantId(record.getTenant()), sha256, record.getNotAfterEpochS());
  }

  @SuppressWarnings(
      "ReferenceEquality") // a view hands out the same object until the record changes
  private static <R extends com.google.protobuf.Message, T> Optional<T> translated(
      ConfigView<R> view,
      Map<String, Translated<R, T>> cache,
      String key,
      Function<R, T> translation) {
    Optional<R> record = view.get(key);
    if (record.isEmpty()) {
      return Optional.empty();
    }
    Translated<R, T> known = cache.get(key);
    if (known == null || known.record() != record.get()) {
      known = translate(key, record.get(), translation);
      cache.put(key, known);
    }
    return Optional.ofNullable(known.value());
  }

  private static <R, T> Translated<R, T> translate(
      String key, R record, Function<R, T> translation) {
    try {
      return new Translated<>(record, translation.apply(record));
    } catch (IllegalArgumentException e) {
      LOG.error("the record {} does not hold and is ignored: {}", key, e.getMessage());
      return new Translated<>(record, null);
    }
  }
}
