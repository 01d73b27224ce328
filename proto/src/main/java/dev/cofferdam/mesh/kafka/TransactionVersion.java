package dev.cofferdam.mesh.kafka;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.FinalizedVersionRange;
import org.apache.kafka.common.KafkaException;

/**
 * Which protocol of transactions a cluster has finalised. Before version 2 (KIP-890) a delayed
 * record of a transaction that was given up may land in the next one, or hang for ever.
 */
final class TransactionVersion {
  private static final String FEATURE = "transaction.version";
  private static final int LEVEL_MIN = 2;
  private static final int ASK_MS = 4_000;

  private TransactionVersion() {}

  /** The cluster's transactions may not be relied upon. */
  static final class TooOldException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooOldException(int level) {
      super(
          FEATURE
              + " of the Kafka cluster is "
              + level
              + " (expected: at least "
              + LEVEL_MIN
              + "); raise it: kafka-features.sh upgrade --feature "
              + FEATURE
              + "="
              + LEVEL_MIN);
    }
  }

  /**
   * Asks the cluster.
   *
   * @throws TooOldException where its version is below 2
   * @throws KafkaException where it does not answer
   */
  static void require(KafkaSettings settings, String clientId) {
    try (Admin admin =
        Admin.create(
            settings.with(
                Map.of(
                    "client.id",
                    clientId + "-features",
                    "default.api.timeout.ms",
                    ASK_MS,
                    "request.timeout.ms",
                    ASK_MS / 2)))) {
      FinalizedVersionRange range =
          admin
              .describeFeatures()
              .featureMetadata()
              .get(ASK_MS, TimeUnit.MILLISECONDS)
              .finalizedFeatures()
              .get(FEATURE);
      int level = range == null ? 0 : range.maxVersionLevel();
      if (level < LEVEL_MIN) {
        throw new TooOldException(level);
      }
    } catch (ExecutionException | TimeoutException e) {
      throw new KafkaException("the cluster does not tell its features", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    }
  }
}
