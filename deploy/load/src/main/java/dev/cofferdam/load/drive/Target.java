package dev.cofferdam.load.drive;

import dev.cofferdam.load.scenario.Stream;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.Tier;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

/**
 * The mesh that is driven, and as whom.
 *
 * @param grpc host:port of the gateway's gRPC port
 * @param rest base URL of its REST edge
 * @param trust PEM file of the authority of both
 * @param model id of the model
 * @param tenants what each tenant shows
 */
public record Target(
    String grpc, String rest, Path trust, String model, Map<TenantId, Credentials> tenants) {
  public Target {
    tenants = Map.copyOf(tenants);
  }

  /**
   * What a tenant shows, and what it has.
   *
   * @param apiKey its key
   * @param certificate its client certificate and the certificate's key, PEM files
   * @param adapter its adapter; empty: none
   * @param tier its tier
   */
  public record Credentials(
      String apiKey, Optional<Certificate> certificate, String adapter, Tier tier) {
    /** Its share beside others': 1 / priority. */
    public double weight() {
      return tier.limits().weight();
    }
  }

  /** A client certificate and its key. */
  public record Certificate(Path chain, Path key) {}

  /**
   * What a tenant shows.
   *
   * @throws IllegalArgumentException for a tenant without credentials
   */
  public Credentials of(TenantId tenant) {
    Credentials known = tenants.get(tenant);
    if (known == null) {
      throw new IllegalArgumentException(
          "no credentials for the tenant " + tenant + " (known: " + tenants.keySet() + ")");
    }
    return known;
  }

  /** The first tenant of a tier by name; empty: there is none. */
  public Optional<TenantId> first(Tier tier) {
    return tenants.entrySet().stream()
        .filter(known -> known.getValue().tier() == tier)
        .map(Map.Entry::getKey)
        .min(Comparator.comparing(TenantId::value));
  }

  /** The adapter of a request of a stream; empty: none. */
  public String adapter(Stream stream) {
    return stream.adapter().equals(Stream.OWN) ? of(stream.tenant()).adapter() : stream.adapter();
  }
}
