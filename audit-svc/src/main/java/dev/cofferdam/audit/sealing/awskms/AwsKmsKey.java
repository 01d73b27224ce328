package dev.cofferdam.audit.sealing.awskms;

import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.KeyEncryption;
import dev.cofferdam.audit.sealing.UnsealableException;
import dev.cofferdam.vocabulary.TenantId;
import java.net.URI;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.spec.SecretKeySpec;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.KmsClientBuilder;
import software.amazon.awssdk.services.kms.model.DecryptResponse;

/**
 * Wraps data keys by a symmetric key of AWS KMS, which never leaves it. Key id and tenant are the
 * encryption context, so that KMS' own log names them with each use; its form is Google Tink's, by
 * which keys were wrapped before.
 */
public final class AwsKmsKey implements KeyEncryption {
  /** What such a key's name begins with. */
  public static final String PREFIX = "aws-kms://";

  private static final Pattern ARN =
      Pattern.compile("arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(?:key|alias)/.+");
  private static final Duration WAIT_MAX = Duration.ofSeconds(5);
  private static final String CONTEXT = "associatedData";

  private final String arn;
  private final KmsClient kms;

  private AwsKmsKey(String arn, KmsClient kms) {
    this.arn = arn;
    this.kms = kms;
  }

  /**
   * Opens a key, and tries it.
   *
   * @param name {@link #PREFIX} and the key's ARN
   * @param credentials whose key it is
   * @param endpoint of KMS, where it is not the region's own
   * @throws IllegalStateException where there are no credentials, or the key cannot be used with
   *     them; the message names the key and the reason
   */
  public static AwsKmsKey open(
      String name, AwsCredentialsProvider credentials, Optional<URI> endpoint) {
    String arn = name.substring(PREFIX.length());
    Matcher parts = ARN.matcher(arn);
    if (!name.startsWith(PREFIX) || !parts.matches()) {
      throw new IllegalStateException(name + " (expected: aws-kms:// and the ARN of a key)");
    }
    try {
      var unused = credentials.resolveCredentials();
    } catch (SdkClientException e) {
      throw new IllegalStateException(name + ": there are no AWS credentials", e);
    }
    KmsClientBuilder client =
        KmsClient.builder()
            .credentialsProvider(credentials)
            .region(Region.of(parts.group(1)))
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(WAIT_MAX)
                    .socketTimeout(WAIT_MAX))
            .overrideConfiguration(
                settings ->
                    settings
                        .apiCallAttemptTimeout(WAIT_MAX)
                        .retryStrategy(retries -> retries.maxAttempts(3)));
    endpoint.ifPresent(client::endpointOverride);
    AwsKmsKey key = new AwsKmsKey(arn, client.build());
    key.tried(name);
    return key;
  }

  /** Wraps and unwraps a key of nobody's. */
  private void tried(String name) {
    DataKey probe =
        new DataKey(UUID.randomUUID(), new TenantId("-"), new SecretKeySpec(new byte[32], "AES"));
    try {
      unwrap(probe.id(), probe.tenant(), wrap(probe));
    } catch (RuntimeException e) {
      throw new IllegalStateException(name + " cannot be used: " + e.getMessage(), e);
    }
  }

  @Override
  public String id() {
    return PREFIX + arn;
  }

  @Override
  public byte[] wrap(DataKey key) {
    try {
      return kms.encrypt(
              request ->
                  request
                      .keyId(arn)
                      .plaintext(SdkBytes.fromByteArray(key.key().getEncoded()))
                      .encryptionContext(context(key.id(), key.tenant())))
          .ciphertextBlob()
          .asByteArray();
    } catch (SdkException e) {
      throw new IllegalStateException("AWS KMS does not wrap: " + reason(e), e);
    }
  }

  @Override
  public DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped) {
    try {
      DecryptResponse answer =
          kms.decrypt(
              request ->
                  request
                      .keyId(arn)
                      .ciphertextBlob(SdkBytes.fromByteArray(wrapped))
                      .encryptionContext(context(id, tenant)));
      return new DataKey(
          id, tenant, new SecretKeySpec(answer.plaintext().asByteArrayUnsafe(), "AES"));
    } catch (SdkException e) {
      throw new UnsealableException("AWS KMS does not unwrap: " + reason(e));
    }
  }

  private static Map<String, String> context(UUID id, TenantId tenant) {
    return Map.of(CONTEXT, HexFormat.of().formatHex(KeyEncryption.associated(id, tenant)));
  }

  /** The service's own code, where it answered; else what kept it from answering. */
  private static String reason(SdkException e) {
    return e instanceof AwsServiceException answered && answered.awsErrorDetails() != null
        ? answered.awsErrorDetails().errorCode()
        : e.getClass().getSimpleName();
  }
}
