package dev.cofferdam.gateway.admin.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.identity.ApiKeys;
import dev.cofferdam.proto.admin.v1.ApiKey;
import dev.cofferdam.proto.admin.v1.IssueApiKeyResponse;
import dev.cofferdam.proto.admin.v1.ListApiKeysRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RevokeApiKeyResponse;
import dev.cofferdam.proto.admin.v1.RotateApiKeyRequest;
import dev.cofferdam.proto.admin.v1.RotateApiKeyResponse;
import dev.cofferdam.vocabulary.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeyAdministrationTest extends AdminCalls {
  @Test
  void anIssuedKeyIsStoredAsItsHashOnly() {
    put(acme());
    IssueApiKeyResponse issued = issue("acme").value;

    ApiKey stored = written.apiKeys().get(issued.getKey().getKeyId());
    assertThat(stored.getSha256().toByteArray()).isEqualTo(ApiKeys.sha256(issued.getSecret()));
    assertThat(stored.getTenant()).isEqualTo("acme");
    assertThat(issued.getKey().getSha256().isEmpty()).isTrue();
    assertThat(facts.last().detail()).isEqualTo("key " + issued.getKey().getKeyId());
    assertThat(facts.facts().toString()).doesNotContain(issued.getSecret());
  }

  @Test
  void noKeyIsIssuedForATenantThatIsNotThere() {
    assertThat(issue("nobody").refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(written.apiKeys()).isEmpty();
  }

  @Test
  void aRevokedKeyEndsAtOnceOrAtATimeAndIsNeverProlonged() {
    put(acme());
    String id = issue("acme").value.getKey().getKeyId();

    assertThat(revoke(id, NOW_S + 60).value.getKey().getNotAfterEpochS()).isEqualTo(NOW_S + 60);
    assertThat(revoke(id, NOW_S + 61).refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(revoke(id, 0).value.getKey().getNotAfterEpochS()).isEqualTo(NOW_S);
    assertThat(written.apiKeys().get(id).getNotAfterEpochS()).isEqualTo(NOW_S);
    assertThat(facts.last().tenant()).isEqualTo("acme");
  }

  @Test
  void anUnknownKeyCannotBeRevoked() {
    assertThat(revoke("aaaaaaaaaaaa", 0).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(revoke("../../etc", 0).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aRotatedKeyHasASuccessorAndAnEnd() {
    put(acme());
    String id = issue("acme").value.getKey().getKeyId();

    RotateApiKeyResponse rotated = rotate(id, 3_600).value;

    assertThat(rotated.getOld().getNotAfterEpochS()).isEqualTo(NOW_S + 3_600);
    assertThat(written.apiKeys().get(id).getNotAfterEpochS()).isEqualTo(NOW_S + 3_600);
    assertThat(written.apiKeys().get(rotated.getKey().getKeyId()).getSha256().toByteArray())
        .isEqualTo(ApiKeys.sha256(rotated.getSecret()));
    assertThat(rotated.getKey().getSha256().isEmpty()).isTrue();
    assertThat(rotated.getOld().getSha256().isEmpty()).isTrue();
    assertThat(facts.last().operation()).isEqualTo("admin.rotate_api_key");
    assertThat(facts.last().tenant()).isEqualTo("acme");
    assertThat(facts.facts().toString()).doesNotContain(rotated.getSecret());
  }

  @Test
  void aRotationNeverProlongsTheOldKey() {
    put(acme());
    String id = issue("acme").value.getKey().getKeyId();
    revoke(id, NOW_S + 60);

    assertThat(rotate(id, 3_600).value.getOld().getNotAfterEpochS()).isEqualTo(NOW_S + 60);
    assertThat(rotate(id, 0).value.getOld().getNotAfterEpochS()).isEqualTo(NOW_S);
    assertThat(rotate(id, 0).refusal().code()).isEqualTo(ErrorCode.FAILED_PRECONDITION);
    assertThat(rotate(id, -1).refusal().code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(rotate("zzzzzzzzzzzz", 0).refusal().code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void keysAreListedByTenantWithoutTheirHashes() {
    put(acme());
    put(acme().toBuilder().setId("bell").build());
    issue("bell");
    issue("acme");

    assertThat(keys("")).extracting(ApiKey::getTenant).containsExactly("acme", "bell");
    assertThat(keys("bell")).extracting(ApiKey::getTenant).containsExactly("bell");
    assertThat(keys("")).allSatisfy(key -> assertThat(key.getSha256().isEmpty()).isTrue());
  }

  private Answer<RotateApiKeyResponse> rotate(String keyId, long overlapS) {
    return call(
        service::rotateApiKey,
        RotateApiKeyRequest.newBuilder().setKeyId(keyId).setOverlapS(overlapS).build());
  }

  private List<ApiKey> keys(String tenant) {
    return call(service::listApiKeys, ListApiKeysRequest.newBuilder().setTenant(tenant).build())
        .value
        .getKeysList();
  }

  private Answer<RevokeApiKeyResponse> revoke(String keyId, long notAfterEpochS) {
    return call(
        service::revokeApiKey,
        RevokeApiKeyRequest.newBuilder().setKeyId(keyId).setNotAfterEpochS(notAfterEpochS).build());
  }
}
