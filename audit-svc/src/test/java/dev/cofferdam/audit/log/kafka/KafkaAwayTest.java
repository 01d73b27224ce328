package dev.cofferdam.audit.log.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.audit.Facts;
import dev.cofferdam.audit.TestLog;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.log.postgres.PostgresAuditLog;
import dev.cofferdam.audit.record.AuditEvent;
import dev.cofferdam.audit.record.kafka.AuditFacts;
import dev.cofferdam.mesh.kafka.FactConsumer;
import dev.cofferdam.mesh.kafka.FactPublisher;
import dev.cofferdam.mesh.kafka.KafkaSettings;
import dev.cofferdam.mesh.kafka.SpoolFullException;
import dev.cofferdam.mesh.kafka.TestKafka;
import dev.cofferdam.mesh.kafka.Topics;
import dev.cofferdam.proto.events.v1.AuditRecorded;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of audit facts while Kafka is away and the room for them ends. */
class KafkaAwayTest {
  private static final int BEGUN = 40;

  @TempDir static Path folder;
  private static TestKafka kafka;

  @BeforeAll
  static void startKafka() throws InterruptedException {
    kafka = new TestKafka(folder.resolve("kafka"));
    kafka.create(Topics.AUDIT, 4);
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  /** With a sender that gives a batch up after a second, so that facts are sent again. */
  private static KafkaSettings impatient(KafkaSettings settings) {
    Map<String, String> all = new HashMap<>(settings.properties());
    all.put("request.timeout.ms", "500");
    all.put("delivery.timeout.ms", "1000");
    return new KafkaSettings(all);
  }

  private static AuditRecorded fact(long number) {
    return Facts.some(number, 1).getFirst();
  }

  private static void publish(FactPublisher publisher, AuditRecorded fact) {
    publisher.publish(Topics.AUDIT, "one", fact.getEventId(), AuditFacts.TYPE, fact);
  }

  private static void awaitRoom(FactPublisher publisher) throws InterruptedException {
    for (int i = 0; i < 1_200 && !publisher.accepting(); i++) {
      Thread.sleep(50);
    }
    assertThat(publisher.accepting()).isTrue();
  }

  /** Reads the topic into a log of its own until all are there; gives ids in the log's order. */
  private static List<String> logged(Set<String> wanted) throws InterruptedException {
    TestLog log = new TestLog();
    LogIntake intake =
        new LogIntake(
            Topics.AUDIT,
            new PostgresAuditLog(log.database, log.keys),
            InstantSource.system(),
            log);
    try (FactConsumer consumer =
        FactConsumer.open(kafka.settings(), Topics.AUDIT, "audit", intake)) {
      for (int i = 0; i < 600 && !ids(log).containsAll(wanted); i++) {
        Thread.sleep(50);
      }
      assertThat(consumer.ready()).isTrue();
    }
    assertThat(log.verify(log.sign())).isEqualTo(new Finding.Intact(log.reader.head().size()));
    return log.appended.stream().map(AuditEvent::id).toList();
  }

  private static Set<String> ids(TestLog log) {
    return log.appended.stream().map(AuditEvent::id).collect(Collectors.toSet());
  }

  private static List<String> ids(long from, long to) {
    List<String> ids = new ArrayList<>();
    for (long number = from; number < to; number++) {
      ids.add(fact(number).getEventId());
    }
    return ids;
  }

  @Test
  void anOutageThatFillsTheSpoolRefusesWhatBeginsAndLosesNothingThatWasKept(@TempDir Path spool)
      throws InterruptedException {
    long from = 1_000_000;
    long number = from;
    AuditRecorded violation = fact(from - 1);
    try (FactPublisher publisher =
        FactPublisher.open(impatient(kafka.settings()), "gateway", spool, 1 << 20)) {
      for (; number < from + 50; number++) {
        publish(publisher, fact(number));
      }
      kafka.stop();
      while (publisher.accepting()) {
        publish(publisher, fact(number++));
      }
      for (int i = 0; i < BEGUN; i++) {
        publish(publisher, fact(number++));
      }
      assertThatThrownBy(() -> publishUntilFull(publisher))
          .as("the bound holds")
          .isInstanceOf(SpoolFullException.class);
      publisher.insist(Topics.AUDIT, "one", violation.getEventId(), AuditFacts.TYPE, violation);
      // Longer than a batch is tried for: what was in flight comes back and is sent again.
      Thread.sleep(2_500);
      assertThat(publisher.accepting()).isFalse();
      kafka.start();
      awaitRoom(publisher);
      publish(publisher, fact(number++));
    }
    List<String> wanted = ids(from, number);
    List<String> logged = logged(Set.copyOf(wanted));
    assertThat(logged).doesNotHaveDuplicates().contains(violation.getEventId());
    assertThat(logged.stream().filter(wanted::contains).toList())
        .as("in the order of publishing")
        .containsExactlyElementsOf(wanted);
  }

  private static void publishUntilFull(FactPublisher publisher) {
    for (long extra = 5_000_000; ; extra++) {
      publish(publisher, fact(extra));
    }
  }

  /** A publisher whose spool's disk is full; says how far it is. */
  static final class OnFullDisk {
    private OnFullDisk() {}

    /** Arguments: Kafka's address, the disk's folder, the first fact's number. */
    public static void main(String[] arguments) throws Exception {
      Path disk = Path.of(arguments[1]);
      Path ballast = Files.write(disk.resolve("ballast"), new byte[1 << 20]);
      long number = Long.parseLong(arguments[2]);
      FactPublisher publisher =
          FactPublisher.open(
              new KafkaSettings(Map.of("bootstrap.servers", arguments[0])),
              "gateway",
              disk.resolve("spool"),
              8 << 20);
      while (publisher.accepting()) {
        publish(publisher, fact(number++));
      }
      for (int i = 0; i < BEGUN; i++) {
        publish(publisher, fact(number++));
      }
      say("refused", number);
      try {
        while (true) {
          publish(publisher, fact(number));
          number++;
        }
      } catch (SpoolFullException e) {
        say("full", number);
      }
      AuditRecorded violation = fact(number++);
      publisher.insist(Topics.AUDIT, "one", violation.getEventId(), AuditFacts.TYPE, violation);
      say(publisher.accepting() ? "accepting" : "insisted", number);
      Files.delete(ballast);
      // The violation is in memory only, so that Kafka has to come back first.
      System.in.read();
      awaitRoom(publisher);
      publish(publisher, fact(number++));
      while (publisher.backlogBytes() > 0) {
        Thread.sleep(20);
      }
      say("sent", number);
      Runtime.getRuntime().halt(0);
    }

    private static void say(String word, long number) {
      System.out.println("fact " + word + " " + number);
    }
  }

  @Test
  void onAFullDiskWhatHasBegunIsKeptAndThereIsServiceAgainWithTheRoom(@TempDir Path disk)
      throws IOException, InterruptedException {
    assumeTrue(mounts(disk), "no file system of one's own can be mounted here");
    long from = 2_000_000;
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        new ArrayList<>(
            List.of(
                "unshare",
                "-rm",
                "sh",
                "-c",
                "mount -t tmpfs -o size=3m none \"$0\" && exec \"$@\"",
                disk.toString(),
                java,
                "-XX:TieredStopAtLevel=1",
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path"),
                OnFullDisk.class.getName(),
                kafka.settings().properties().get("bootstrap.servers"),
                disk.toString(),
                Long.toString(from)));
    kafka.stop();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    Map<String, Long> said = new HashMap<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ");
        if (words.length == 3 && words[0].equals("fact")) {
          said.put(words[1], Long.parseLong(words[2]));
        }
        if (line.startsWith("fact insisted")) {
          kafka.start();
          process.getOutputStream().write('\n');
          process.getOutputStream().flush();
        }
      }
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(said).containsOnlyKeys("refused", "full", "insisted", "sent");
    List<String> wanted = ids(from, said.get("sent"));
    List<String> logged = logged(Set.copyOf(wanted));
    assertThat(logged).doesNotHaveDuplicates().containsAll(wanted);
  }

  private static boolean mounts(Path disk) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(
                  "unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "none", disk + "")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
