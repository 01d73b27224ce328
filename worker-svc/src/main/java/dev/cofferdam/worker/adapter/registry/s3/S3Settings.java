package dev.cofferdam.worker.adapter.registry.s3;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * How a bucket is reached.
 *
 * @param bucket its name
 * @param prefix what stands before an adapter's path in the keys: empty, or ends with {@code /}
 * @param region that requests are signed for
 * @param endpoint of something that is not AWS
 * @param pathStyle whether the bucket is part of the path instead of the host's name
 * @param credentials default: those of the environment, as the AWS SDK finds them
 * @param attemptsMax requests for one object, the first included
 * @param backoffMax longest wait between two of them
 * @param timeout for an object, all attempts together
 */
public record S3Settings(
    String bucket,
    String prefix,
    String region,
    Optional<URI> endpoint,
    boolean pathStyle,
    Optional<Credentials> credentials,
    int attemptsMax,
    Duration backoffMax,
    Duration timeout) {

  /** An access key. Its text tells nothing of it. */
  public record Credentials(String accessKeyId, String secretAccessKey) {
    @Override
    public String toString() {
      return "Credentials";
    }
  }

  public S3Settings {
    require(!bucket.isBlank(), "bucket", "not empty");
    require(prefix.isEmpty() || prefix.endsWith("/"), "prefix", "empty, or ending with /");
    require(!region.isBlank(), "region", "not empty");
    require(attemptsMax >= 1 && attemptsMax <= 10, "attempts-max", "1 to 10");
    require(!backoffMax.isNegative(), "backoff-ms-max", "at least 0");
    require(timeout.isPositive(), "timeout-ms", "more than 0");
  }

  private static void require(boolean condition, String name, String expected) {
    if (!condition) {
      throw new IllegalArgumentException("S3 " + name + " (expected: " + expected + ")");
    }
  }
}
