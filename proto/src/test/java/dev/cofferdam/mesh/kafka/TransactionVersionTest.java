package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.vocabulary.RefusedException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransactionVersionTest {
  @TempDir Path folder;

  @Test
  void nothingIsWrittenToAClusterWithOldTransactions() {
    AtomicBoolean worked = new AtomicBoolean();
    try (TestKafka kafka = new TestKafka(folder, Map.of("transaction.version", (short) 1));
        ConfigFeed feed = ConfigFeed.of(kafka.settings(), folder.resolve("views")).start();
        ConfigWriter writer = ConfigWriter.open(kafka.settings(), "test", feed)) {
      assertThatThrownBy(() -> writer.change(change -> worked.getAndSet(true)))
          .isInstanceOf(RefusedException.class)
          .hasMessageContaining("transaction.version of the Kafka cluster is 1");
    }
    assertThat(worked).isFalse();
  }

  @Test
  void aClusterOfThisVersionIsTaken() {
    try (TestKafka kafka = new TestKafka(folder)) {
      assertThatCode(() -> TransactionVersion.require(kafka.settings(), "test"))
          .doesNotThrowAnyException();
    }
  }
}
