package dev.cofferdam.gateway.identity;

import dev.cofferdam.vocabulary.TenantId;
import java.util.Optional;
import java.util.Set;

/**
 * What a token that holds says.
 *
 * @param tenant its tenant
 * @param tier the tier that its issuer takes the tenant for; must be that of the record
 * @param models the only models that it may be used for, of those that the tenant may use
 * @param actor who it names, for audit records: "jwt:" and a hash of the subject, keyed by tenant
 */
public record TokenClaims(
    TenantId tenant, Optional<String> tier, Optional<Set<String>> models, String actor) {
  public TokenClaims {
    models = models.map(Set::copyOf);
  }
}
