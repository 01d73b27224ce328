package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpoolTest {
  private static final long BYTES_MAX = 1 << 20;
  private static final long SEGMENT_BYTES = 256;

  @TempDir Path folder;

  private static SpooledRecord data(String value) {
    return new SpooledRecord("topic", "key", value.getBytes(StandardCharsets.UTF_8));
  }

  /** A record that is longer than what is kept in memory: it is read from the file. */
  private static SpooledRecord notKept(String value) {
    return data(value + " ".repeat(300 << 10));
  }

  private static String text(Spool.Entry entry) {
    return new String(entry.data().value(), StandardCharsets.UTF_8);
  }

  private static List<Spool.Entry> drain(Spool spool) throws InterruptedException {
    List<Spool.Entry> entries = new ArrayList<>();
    for (Optional<Spool.Entry> e = spool.next(0); e.isPresent(); e = spool.next(0)) {
      entries.add(e.get());
    }
    return entries;
  }

  private Spool open() throws IOException {
    return Spool.open(folder, BYTES_MAX, SEGMENT_BYTES);
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".spool")).sorted().toList();
    }
  }

  @Test
  void recordsComeBackInTheOrderInWhichTheyWereAppended() throws Exception {
    try (Spool spool = open()) {
      for (int i = 0; i < 50; i++) {
        spool.append(data("fact " + i));
      }
      List<Spool.Entry> entries = drain(spool);
      assertThat(entries).hasSize(50);
      for (int i = 0; i < 50; i++) {
        assertThat(text(entries.get(i))).isEqualTo("fact " + i);
        assertThat(entries.get(i).data().topic()).isEqualTo("topic");
        assertThat(entries.get(i).data().key()).isEqualTo("key");
      }
    }
  }

  /** More than is kept in memory, read from there and from the file by turns. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void recordsComeBackInOrderHoweverReadingFallsBehind(long seed) throws Exception {
    Random random = new Random(seed);
    int appended = 0;
    int read = 0;
    try (Spool spool = Spool.open(folder, 64 << 20, 2 << 20)) {
      for (int turn = 0; turn < 200; turn++) {
        for (int i = random.nextInt(40); i > 0; i--) {
          spool.append(data(appended++ + " " + "x".repeat(random.nextInt(20_000))));
        }
        for (int i = random.nextInt(turn % 50 == 49 ? 4_000 : 30); i > 0 && read < appended; i--) {
          Spool.Entry entry = spool.next(0).orElseThrow();
          assertThat(text(entry)).startsWith(read++ + " ");
          spool.ack(entry);
        }
      }
      assertThat(drain(spool)).hasSize(appended - read);
    }
  }

  @Test
  void whatWasNotAcknowledgedIsReadAgainAfterARestart() throws Exception {
    try (Spool spool = open()) {
      spool.append(data("one"));
      spool.append(data("two"));
      assertThat(drain(spool)).hasSize(2);
    }
    try (Spool spool = open()) {
      assertThat(drain(spool)).extracting(SpoolTest::text).containsExactly("one", "two");
    }
  }

  @Test
  void acknowledgedSegmentsAreRemovedAndGiveTheirRoomBack() throws Exception {
    try (Spool spool = open()) {
      for (int i = 0; i < 100; i++) {
        spool.append(data("fact " + i));
      }
      assertThat(segments().size()).isGreaterThan(5);
      drain(spool).forEach(spool::ack);
      assertThat(spool.bytes()).isZero();
      assertThat(segments()).hasSize(1);
    }
    try (Spool spool = open()) {
      assertThat(drain(spool)).isEmpty();
    }
  }

  @Test
  void aSegmentStaysUntilItsLastRecordIsAcknowledgedInWhateverOrder() throws Exception {
    try (Spool spool = open()) {
      spool.append(data("one"));
      spool.append(data("two"));
      spool.append(data("three"));
      List<Spool.Entry> entries = drain(spool);
      spool.ack(entries.get(2));
      spool.ack(entries.get(0));
      assertThat(spool.bytes()).isPositive();
      spool.ack(entries.get(1));
      assertThat(spool.bytes()).isZero();
    }
  }

  @Test
  void aFullSpoolRefusesAndTakesAgainWhenThereIsRoom() throws Exception {
    try (Spool spool = Spool.open(folder, 1_000, SEGMENT_BYTES)) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 1_000; i++) {
                  spool.append(data("fact " + i));
                }
              })
          .isInstanceOf(SpoolFullException.class);
      assertThat(spool.bytes()).isLessThanOrEqualTo(1_000);
      drain(spool).forEach(spool::ack);
      spool.append(data("late"));
      assertThat(drain(spool)).extracting(SpoolTest::text).containsExactly("late");
    }
  }

  @Test
  void aFolderIsUsedByOneSpoolAtATime() throws Exception {
    try (Spool spool = open()) {
      assertThat(spool.bytes()).isZero();
      assertThatThrownBy(this::open)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("open already");
    }
  }

  @Test
  void aCrashAtAnyByteOfTheTailLosesNoWholeRecordAndInventsNone() throws Exception {
    List<String> values = List.of("a", "", "longer than the others", "d");
    List<Long> ends = new ArrayList<>();
    Path file;
    try (Spool spool = Spool.open(folder, BYTES_MAX, BYTES_MAX)) {
      for (String value : values) {
        spool.append(data(value));
        ends.add(spool.bytes());
      }
      file = segments().get(0);
    }
    byte[] whole = Files.readAllBytes(file);
    for (int cut = 0; cut <= whole.length; cut++) {
      int length = cut;
      long kept = ends.stream().filter(end -> end <= length).count();
      Path torn = folder.resolve("torn-" + cut);
      Files.createDirectories(torn);
      Files.write(torn.resolve(file.getFileName()), java.util.Arrays.copyOf(whole, cut));
      try (Spool spool = Spool.open(torn, BYTES_MAX, BYTES_MAX)) {
        spool.append(data("after the crash"));
        List<String> expected = new ArrayList<>(values.subList(0, (int) kept));
        expected.add("after the crash");
        assertThat(drain(spool)).extracting(SpoolTest::text).isEqualTo(expected);
      }
    }
  }

  @Test
  void aFlippedBitAnywhereIsNeverReadAsARecord() throws Exception {
    Path file;
    try (Spool spool = Spool.open(folder, BYTES_MAX, BYTES_MAX)) {
      spool.append(data("one"));
      spool.append(data("two"));
      file = segments().get(0);
    }
    byte[] whole = Files.readAllBytes(file);
    for (int bit = 0; bit < whole.length * 8; bit++) {
      byte[] damaged = whole.clone();
      damaged[bit / 8] ^= (byte) (1 << (bit % 8));
      Path copy = folder.resolve("bit-" + bit);
      Files.createDirectories(copy);
      Files.write(copy.resolve(file.getFileName()), damaged);
      try (Spool spool = Spool.open(copy, BYTES_MAX, BYTES_MAX)) {
        assertThat(drain(spool)).extracting(SpoolTest::text).isIn(List.of(), List.of("one"));
      }
    }
  }

  @Test
  void aFileThatIsDamagedWhileItIsReadDoesNotHoldUpWhatFollows() throws Exception {
    try (Spool spool = open()) {
      spool.append(notKept("one"));
      Files.write(segments().get(0), new byte[] {1}, StandardOpenOption.WRITE);
      assertThat(drain(spool)).isEmpty();
      for (int i = 0; i < 30; i++) {
        spool.append(data("fact " + i));
      }
      assertThat(drain(spool)).hasSize(30);
    }
  }

  @Test
  void aThreadThatIsInterruptedAppendsAllTheSameAndHarmsNobody() throws Exception {
    try (Spool spool = open()) {
      Thread.currentThread().interrupt();
      spool.append(data("interrupted"));
      assertThat(Thread.interrupted()).isTrue();
      spool.append(data("later"));
      assertThat(drain(spool)).extracting(SpoolTest::text).containsExactly("interrupted", "later");
    }
  }

  @Test
  void factsInFlightStayWhereTheRestOfTheirFileIsDamaged() throws Exception {
    try (Spool spool = Spool.open(folder, BYTES_MAX, BYTES_MAX)) {
      spool.append(data("in flight"));
      spool.append(data("also in flight"));
      spool.append(notKept("damaged"));
      Spool.Entry first = spool.next(0).orElseThrow();
      assertThat(spool.next(0)).isPresent();
      try (RandomAccessFile file = new RandomAccessFile(segments().get(0).toFile(), "rw")) {
        file.seek(file.length() - 1);
        file.write(1);
      }
      assertThat(spool.next(0)).isEmpty();
      spool.ack(first);
      assertThat(spool.bytes()).as("one of the facts is still in flight").isPositive();
    }
    try (Spool spool = Spool.open(folder, BYTES_MAX, BYTES_MAX)) {
      assertThat(drain(spool))
          .extracting(SpoolTest::text)
          .containsExactly("in flight", "also in flight");
    }
  }

  /** At least once: whatever is interrupted, nothing is lost that was not acknowledged. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void randomHistoriesOfAppendsAcksAndRestartsLoseNothing(long seed) throws Exception {
    Random random = new Random(seed);
    TreeSet<Integer> open = new TreeSet<>();
    int next = 0;
    Spool spool = open();
    List<Spool.Entry> read = new ArrayList<>();
    for (int step = 0; step < 2_000; step++) {
      int dice = random.nextInt(100);
      if (dice < 50) {
        spool.append(data(String.valueOf(next)));
        open.add(next++);
      } else if (dice < 75) {
        spool.next(0).ifPresent(read::add);
      } else if (dice < 97 && !read.isEmpty()) {
        Spool.Entry entry = read.remove(random.nextInt(read.size()));
        spool.ack(entry);
        open.remove(Integer.parseInt(text(entry)));
      } else if (dice >= 97) {
        spool.close();
        spool = open();
        read.clear();
      }
    }
    spool.close();
    spool = open();
    List<Integer> found = drain(spool).stream().map(e -> Integer.parseInt(text(e))).toList();
    spool.close();
    assertThat(found).as("seed %d", seed).containsAll(open).doesNotHaveDuplicates().isSorted();
  }
}
