package dev.cofferdam.vocabulary;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A workload's or caller's identity in a certificate's URI name (SPIFFE-ID, section 2). Forms:
 * {@code spiffe://<trust domain>/service/<service>[/<instance>]}, {@code …/tenant/<tenant id>},
 * {@code …/operator/<name>}.
 *
 * @param trustDomain the trust domain
 * @param role what the path says it is
 * @param name instance, tenant id or operator name; empty for a service without instances
 */
public record SpiffeId(String trustDomain, Role role, String name) {
  private static final Pattern FORM =
      Pattern.compile(
          "spiffe://([a-z0-9._-]{1,255})/(service|tenant|operator)/([a-z0-9-]{1,63})(?:/([a-z0-9-]{1,63}))?");

  /** What a peer is; the key of the table of who may call what. */
  public enum Role {
    /** gateway-svc. */
    GATEWAY,
    /** router-svc. */
    ROUTER,
    /** scheduler-svc. */
    SCHEDULER,
    /** worker-svc. */
    WORKER,
    /** metering-svc. */
    METERING,
    /** audit-svc. */
    AUDIT,
    /** A person or program that runs the mesh. */
    OPERATOR,
    /** A tenant. */
    TENANT,
    /** A peer without a certificate. */
    ANONYMOUS;

    /** Whether it is one of the mesh's own services. */
    public boolean isService() {
      return ordinal() <= AUDIT.ordinal();
    }
  }

  /** Reads a URI; empty where it is not one of the forms. */
  public static Optional<SpiffeId> parse(String uri) {
    Matcher m = FORM.matcher(uri);
    if (!m.matches()) {
      return Optional.empty();
    }
    String instance = m.group(4) == null ? "" : m.group(4);
    return switch (m.group(2)) {
      case "tenant" ->
          instance.isEmpty()
              ? Optional.of(new SpiffeId(m.group(1), Role.TENANT, m.group(3)))
              : Optional.empty();
      case "operator" ->
          instance.isEmpty()
              ? Optional.of(new SpiffeId(m.group(1), Role.OPERATOR, m.group(3)))
              : Optional.empty();
      default -> service(m.group(3)).map(role -> new SpiffeId(m.group(1), role, instance));
    };
  }

  private static Optional<Role> service(String name) {
    for (Role role : Role.values()) {
      if (role.isService() && role.name().toLowerCase(Locale.ROOT).equals(name)) {
        return Optional.of(role);
      }
    }
    return Optional.empty();
  }

  /** The tenant of a tenant's certificate. */
  public Optional<TenantId> tenant() {
    return role == Role.TENANT ? Optional.of(new TenantId(name)) : Optional.empty();
  }

  /** The URI. */
  public String uri() {
    String kind = role.name().toLowerCase(Locale.ROOT);
    return switch (role) {
      case TENANT, OPERATOR -> "spiffe://" + trustDomain + "/" + kind + "/" + name;
      default ->
          "spiffe://" + trustDomain + "/service/" + kind + (name.isEmpty() ? "" : "/" + name);
    };
  }
}
