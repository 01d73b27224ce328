package dev.cofferdam.audit.sealing.awskms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.audit.sealing.AesGcm;
import dev.cofferdam.audit.sealing.CachedKeys;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.UnsealableException;
import dev.cofferdam.vocabulary.TenantId;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;

/** A key-encryption key in a KMS that answers as AWS' does. */
class AwsKmsKeyTest {
  private static final String ARN =
      "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
  private static final String NAME = AwsKmsKey.PREFIX + ARN;
  private static final TenantId TENANT = new TenantId("harbor-books");
  private static final AwsCredentialsProvider KNOWN = credentials(TestKms.ACCESS_KEY);

  private TestKms kms;

  @BeforeEach
  void start() throws IOException {
    kms = new TestKms(ARN);
  }

  @AfterEach
  void stop() {
    kms.close();
  }

  private static AwsCredentialsProvider credentials(String accessKey) {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKey, "secret"));
  }

  private AwsKmsKey open() {
    return AwsKmsKey.open(NAME, KNOWN, Optional.of(kms.url()));
  }

  private static DataKey dataKey() {
    byte[] bytes = new byte[32];
    AesGcm.random().nextBytes(bytes);
    return new DataKey(UUID.randomUUID(), TENANT, new SecretKeySpec(bytes, "AES"));
  }

  @Test
  void aDataKeyIsWrappedAndUnwrappedByTheService() {
    AwsKmsKey key = open();
    DataKey data = dataKey();
    byte[] wrapped = key.wrap(data);
    assertThat(key.unwrap(data.id(), TENANT, wrapped).key()).isEqualTo(data.key());
    assertThat(key.id()).isEqualTo(NAME);
  }

  @Test
  void aDataKeyOpensForItsOwnTenantAndIdOnly() {
    AwsKmsKey key = open();
    DataKey data = dataKey();
    byte[] wrapped = key.wrap(data);
    assertThatThrownBy(() -> key.unwrap(data.id(), new TenantId("pixel-pirates"), wrapped))
        .isInstanceOf(UnsealableException.class)
        .hasMessageContaining("InvalidCiphertext");
    assertThatThrownBy(() -> key.unwrap(UUID.randomUUID(), TENANT, wrapped))
        .isInstanceOf(UnsealableException.class);
  }

  @Test
  void withoutCredentialsTheKeyIsLoudlyRefused() {
    AwsCredentialsProvider none =
        () -> {
          throw SdkClientException.create("none here");
        };
    assertThatThrownBy(() -> AwsKmsKey.open(NAME, none, Optional.of(kms.url())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(NAME)
        .hasMessageContaining("no AWS credentials");
    assertThat(kms.calls).isEmpty();
  }

  @Test
  void credentialsThatTheServiceDoesNotKnowAreLoudlyRefused() {
    AwsCredentialsProvider stranger = credentials("AKIDOTHER");
    assertThatThrownBy(() -> AwsKmsKey.open(NAME, stranger, Optional.of(kms.url())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("cannot be used")
        .hasMessageContaining("UnrecognizedClientException");
  }

  @Test
  void whatIsNoKeysNameIsRefused() {
    assertThatThrownBy(() -> AwsKmsKey.open("aws-kms://my-key", KNOWN, Optional.of(kms.url())))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("ARN");
  }

  @Test
  void aKeyIsBoundToWhatGoogleTinkBoundItTo() {
    var unused = open().wrap(dataKey());
    assertThat(kms.contexts).allMatch(context -> context.matches("associatedData=[0-9a-f]+"));
  }

  @Test
  void anUnwrappedKeyIsRememberedForAShortWhileOnly() {
    AtomicLong now = new AtomicLong();
    InstantSource clock = () -> Instant.ofEpochMilli(now.get());
    CachedKeys cached = new CachedKeys(open(), clock, 1_000);
    DataKey data = dataKey();
    byte[] wrapped = cached.wrap(data);
    kms.calls.clear();
    cached.unwrap(data.id(), TENANT, wrapped);
    now.set(999);
    assertThat(cached.unwrap(data.id(), TENANT, wrapped).key()).isEqualTo(data.key());
    assertThat(kms.calls).hasSize(1);
    assertThatThrownBy(() -> cached.unwrap(data.id(), new TenantId("pixel-pirates"), wrapped))
        .isInstanceOf(UnsealableException.class);
    now.set(1_000);
    cached.unwrap(data.id(), TENANT, wrapped);
    assertThat(kms.calls).hasSize(3);
  }
}
