package dev.cofferdam.local.kafka;

import dev.cofferdam.mesh.ParentWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * Main class of the broker's JVM: formats the folder the first time, then runs broker and
 * controller.
 */
public final class KafkaProcess {
  // Fixed, so that data and identities outlive a new format.
  private static final String CLUSTER_ID = "Y29mZmVyZGFtLWxvY2FsMA";

  private KafkaProcess() {}

  /**
   * @param args the properties file
   */
  public static void main(String[] args) throws Exception {
    ParentWatch.startIfAsked();
    Properties properties = load(Path.of(args[0]));
    Path folder = Path.of(properties.getProperty("log.dirs"));
    if (!Files.exists(folder.resolve("meta.properties"))) {
      format(properties, folder);
    }
    kafka.Kafka.main(args);
  }

  private static Properties load(Path file) throws IOException {
    Properties properties = new Properties();
    try (var in = Files.newInputStream(file)) {
      properties.load(in);
    }
    return properties;
  }

  private static void format(Properties properties, Path folder) throws Exception {
    new Formatter()
        .setNodeId(Integer.parseInt(properties.getProperty("node.id")))
        .setClusterId(CLUSTER_ID)
        .setReleaseVersion(MetadataVersion.latestProduction())
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(folder.toString())
        .addDirectory(folder.toString())
        .setIgnoreFormatted(true)
        .run();
  }
}
