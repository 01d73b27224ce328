package dev.cofferdam.audit.sealing.awskms;

import com.amazonaws.AmazonClientException;
import com.amazonaws.ClientConfiguration;
import com.amazonaws.SdkClientException;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.kms.AWSKMSClientBuilder;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.integration.awskms.AwsKmsAead;
import dev.cofferdam.audit.sealing.DataKey;
import dev.cofferdam.audit.sealing.KeyEncryption;
import dev.cofferdam.audit.sealing.UnsealableException;
import dev.cofferdam.vocabulary.TenantId;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.spec.SecretKeySpec;

/**
 * Wraps data keys by a symmetric key of AWS KMS, which never leaves it. Key id and tenant are the
 * encryption context, so that KMS' own log names them with each use.
 */
public final class AwsKmsKey implements KeyEncryption {
  /** What such a key's name begins with. */
  public static final String PREFIX = "aws-kms://";

  private static final Pattern ARN =
      Pattern.compile("arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(?:key|alias)/.+");
  private static final int WAIT_MS_MAX = 5_000;

  private final String arn;
  private final Aead aead;

  private AwsKmsKey(String arn, Aead aead) {
    this.arn = arn;
    this.aead = aead;
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
      String name, AWSCredentialsProvider credentials, Optional<URI> endpoint) {
    String arn = name.substring(PREFIX.length());
    Matcher parts = ARN.matcher(arn);
    if (!name.startsWith(PREFIX) || !parts.matches()) {
      throw new IllegalStateException(name + " (expected: aws-kms:// and the ARN of a key)");
    }
    try {
      if (credentials.getCredentials() == null) {
        throw new IllegalStateException(name + ": there are no AWS credentials");
      }
    } catch (SdkClientException e) {
      throw new IllegalStateException(name + ": there are no AWS credentials", e);
    }
    AWSKMSClientBuilder client =
        AWSKMSClientBuilder.standard()
            .withCredentials(credentials)
            .withClientConfiguration(
                new ClientConfiguration()
                    .withConnectionTimeout(WAIT_MS_MAX)
                    .withRequestTimeout(WAIT_MS_MAX)
                    .withMaxErrorRetry(2));
    String region = parts.group(1);
    endpoint.ifPresentOrElse(
        url -> client.withEndpointConfiguration(new EndpointConfiguration(url.toString(), region)),
        () -> client.withRegion(region));
    AwsKmsKey key = new AwsKmsKey(arn, new AwsKmsAead(client.build(), arn));
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
      return aead.encrypt(key.key().getEncoded(), KeyEncryption.associated(key.id(), key.tenant()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AWS KMS does not wrap: " + reason(e), e);
    }
  }

  @Override
  public DataKey unwrap(UUID id, TenantId tenant, byte[] wrapped) {
    try {
      byte[] plain = aead.decrypt(wrapped, KeyEncryption.associated(id, tenant));
      return new DataKey(id, tenant, new SecretKeySpec(plain, "AES"));
    } catch (GeneralSecurityException e) {
      throw new UnsealableException("AWS KMS does not unwrap: " + reason(e));
    }
  }

  /** The service's own code, where it answered; else what kept it from answering. */
  private static String reason(GeneralSecurityException e) {
    return e.getCause() instanceof com.amazonaws.AmazonServiceException answered
        ? answered.getErrorCode()
        : e.getCause() instanceof AmazonClientException failed
            ? failed.getClass().getSimpleName()
            : e.getClass().getSimpleName();
  }
}
