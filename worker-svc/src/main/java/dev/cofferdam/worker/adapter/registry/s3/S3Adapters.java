package dev.cofferdam.worker.adapter.registry.s3;

import dev.cofferdam.worker.adapter.AdapterUnavailableException;
import dev.cofferdam.worker.adapter.BadAdapterException;
import dev.cofferdam.worker.adapter.PeftAdapterReader;
import dev.cofferdam.worker.adapter.registry.AdapterFiles;
import dev.cofferdam.worker.adapter.registry.AdapterPath;
import dev.cofferdam.worker.adapter.registry.AdapterStore;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Adapters in a bucket: the key of a file is prefix, path, {@code /} and the file's name. What
 * fails in passing is tried again after a wait that doubles up to a bound, with jitter. That an
 * object is whole is not taken on S3's word: the registry checks the digest.
 */
public final class S3Adapters implements AdapterStore, AutoCloseable {
  private static final Duration BACKOFF_MIN = Duration.ofMillis(50);
  private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
  private static final int NOT_FOUND = 404;

  private final S3Settings settings;
  private final S3Client client;

  /** Connects with the first request. */
  public S3Adapters(S3Settings settings) {
    this.settings = settings;
    Duration wait =
        settings.backoffMax().compareTo(BACKOFF_MIN) < 0 ? settings.backoffMax() : BACKOFF_MIN;
    BackoffStrategy backoff =
        settings.backoffMax().isZero()
            ? BackoffStrategy.retryImmediately()
            : BackoffStrategy.exponentialDelay(wait, settings.backoffMax());
    S3ClientBuilder builder =
        S3Client.builder()
            .region(Region.of(settings.region()))
            .forcePathStyle(settings.pathStyle())
            .credentialsProvider(credentials(settings))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(CONNECT_MAX)
                    .socketTimeout(settings.timeout()))
            .overrideConfiguration(
                override ->
                    override
                        .apiCallTimeout(settings.timeout())
                        .retryStrategy(
                            AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(settings.attemptsMax())
                                .backoffStrategy(backoff)
                                .throttlingBackoffStrategy(backoff)
                                .build()));
    settings.endpoint().ifPresent(builder::endpointOverride);
    client = builder.build();
  }

  private static AwsCredentialsProvider credentials(S3Settings settings) {
    return settings
        .credentials()
        .<AwsCredentialsProvider>map(
            c ->
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(c.accessKeyId(), c.secretAccessKey())))
        .orElseGet(() -> DefaultCredentialsProvider.builder().build());
  }

  @Override
  public AdapterFiles read(AdapterPath path) {
    return new AdapterFiles(
        object(path, PeftAdapterReader.CONFIG, AdapterFiles.CONFIG_BYTES_MAX),
        object(path, PeftAdapterReader.WEIGHTS, AdapterFiles.WEIGHT_BYTES_MAX));
  }

  private byte[] object(AdapterPath path, String name, int bytesMax) {
    String key = settings.prefix() + path + "/" + name;
    ResponseTransformer<GetObjectResponse, Optional<byte[]>> toBytes =
        (response, body) -> bytes(response, body, bytesMax);
    try {
      return client
          .getObject(get -> get.bucket(settings.bucket()).key(key), toBytes)
          .orElseThrow(
              () -> new BadAdapterException(name + ": larger than " + bytesMax + " bytes"));
    } catch (S3Exception e) {
      if (e.statusCode() == NOT_FOUND && !"NoSuchBucket".equals(e.awsErrorDetails().errorCode())) {
        throw new BadAdapterException(name + ": missing", e);
      }
      throw new AdapterUnavailableException(name + ": refused by the store", e);
    } catch (SdkException e) {
      throw new AdapterUnavailableException(name + ": the store is not reached", e);
    }
  }

  /** The object; empty when it is too large, or does not say how large it is. */
  private static Optional<byte[]> bytes(
      GetObjectResponse response, AbortableInputStream body, int bytesMax) {
    Long length = response.contentLength();
    if (length == null || length < 0 || length > bytesMax) {
      body.abort();
      return Optional.empty();
    }
    try {
      byte[] bytes = body.readNBytes(length.intValue());
      if (bytes.length < length) {
        throw RetryableException.create("the body ended early");
      }
      return Optional.of(bytes);
    } catch (IOException e) {
      throw RetryableException.create("the body ended early", e);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
