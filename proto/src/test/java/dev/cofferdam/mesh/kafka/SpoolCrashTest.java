package dev.cofferdam.mesh.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spool of a process that is killed, and on a disk that takes no more. */
class SpoolCrashTest {
  private static final int KILLS = 6;
  private static final int WRITERS = 3;
  private static final long BYTES_MAX = 64 << 20;

  @TempDir Path folder;

  /** Appends from several threads, acknowledges some, and tells of both until it is killed. */
  static final class Writing {
    private Writing() {}

    /** Arguments: folder, the first number, seed. */
    public static void main(String[] arguments) throws Exception {
      Spool spool = Spool.open(Path.of(arguments[0]), BYTES_MAX, 4_096);
      AtomicLong next = new AtomicLong(Long.parseLong(arguments[1]));
      SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[2]));
      for (int i = 0; i < WRITERS; i++) {
        SplittableRandom own = random.split();
        Thread.ofPlatform().start(() -> append(spool, next, own));
      }
      while (true) {
        Optional<Spool.Entry> entry = spool.next(5);
        if (entry.isPresent() && random.nextInt(10) < 9) {
          say("sent " + number(entry.get()));
          spool.ack(entry.get());
        }
      }
    }

    private static void append(Spool spool, AtomicLong next, SplittableRandom random) {
      while (true) {
        long number = next.getAndIncrement();
        spool.append(fact(number, random.nextInt(3_000)));
        say("kept " + number);
      }
    }
  }

  /** Appends where the system takes only so many bytes of a file; ends without closing. */
  static final class Full {
    private Full() {}

    /** Arguments: folder, how many facts, seed. */
    public static void main(String[] arguments) throws Exception {
      Spool spool = Spool.open(Path.of(arguments[0]), BYTES_MAX, BYTES_MAX);
      int facts = Integer.parseInt(arguments[1]);
      SplittableRandom random = new SplittableRandom(Long.parseLong(arguments[2]));
      for (int number = 0; number < facts; number++) {
        try {
          spool.append(fact(number, random.nextInt(3_000)));
          say("kept " + number);
        } catch (SpoolFullException e) {
          say("full " + number);
        }
        if (number == facts / 2) {
          for (Optional<Spool.Entry> e = spool.next(0); e.isPresent(); e = spool.next(0)) {
            say("sent " + number(e.get()));
            spool.ack(e.get());
          }
        }
      }
      Runtime.getRuntime().halt(0);
    }
  }

  /** What a process said. */
  private record Said(TreeSet<Long> kept, TreeSet<Long> sent, TreeSet<Long> full) {
    TreeSet<Long> open() {
      TreeSet<Long> open = new TreeSet<>(kept);
      open.removeAll(sent);
      return open;
    }
  }

  private static void say(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
    synchronized (System.out) {
      System.out.write(bytes, 0, bytes.length);
      System.out.flush();
    }
  }

  private static SpooledRecord fact(long number, int padding) {
    String text = number + " " + "x".repeat(padding);
    return new SpooledRecord("topic", "key", text.getBytes(StandardCharsets.US_ASCII));
  }

  private static long number(Spool.Entry entry) {
    String text = new String(entry.data().value(), StandardCharsets.US_ASCII);
    assertThat(text).matches("[0-9]+ x*");
    return Long.parseLong(text.substring(0, text.indexOf(' ')));
  }

  private List<Long> found() throws IOException, InterruptedException {
    List<Long> numbers = new ArrayList<>();
    try (Spool spool = Spool.open(folder, BYTES_MAX, BYTES_MAX)) {
      for (Optional<Spool.Entry> e = spool.next(0); e.isPresent(); e = spool.next(0)) {
        numbers.add(number(e.get()));
      }
    }
    return numbers;
  }

  /** Runs a program until it ends, or has said so many lines and is killed. */
  private Said run(List<String> prefix, Class<?> program, int linesMax, long... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(program.getName());
    command.add(folder.toString());
    for (long argument : arguments) {
      command.add(Long.toString(argument));
    }
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    Said said = new Said(new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      int read = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        long number = Long.parseLong(line.substring(5));
        switch (line.substring(0, 4)) {
          case "kept" -> said.kept().add(number);
          case "sent" -> said.sent().add(number);
          default -> said.full().add(number);
        }
        if (++read == linesMax) {
          // Not the process itself, which would close the stream.
          assertThat(process.toHandle().destroyForcibly()).isTrue();
        }
      }
    }
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return said;
  }

  @Test
  void aProcessThatIsKilledAtAnyMomentLosesNothingItKeptAndInventsNothing() throws Exception {
    TreeSet<Long> open = new TreeSet<>();
    long next = 0;
    for (long seed = 1; seed <= KILLS; seed++) {
      int lines = new SplittableRandom(seed).nextInt(50, 3_000);
      Said said = run(List.of(), Writing.class, lines, next, seed);
      assertThat(said.kept()).as("seed %d", seed).isNotEmpty();
      open.addAll(said.kept());
      open.removeAll(said.sent());
      long last = said.kept().last() + WRITERS;
      List<Long> found = found();
      assertThat(found)
          .as("seed %d", seed)
          .containsAll(open)
          .doesNotHaveDuplicates()
          .allMatch(number -> number <= last);
      open.addAll(found);
      next = last + 1;
    }
  }

  @Test
  void aDiskThatTakesNoMoreRefusesWholeFactsAndHarmsNone() throws Exception {
    // The system's limit of a file's size, in KiB: a write over it ends in its middle.
    List<String> limited = List.of("bash", "-c", "ulimit -f 64; exec \"$@\"", "bash");
    for (long seed = 1; seed <= 2; seed++) {
      Said said = run(limited, Full.class, Integer.MAX_VALUE, 400, seed);
      assertThat(said.full()).as("seed %d", seed).isNotEmpty();
      assertThat(said.sent()).as("seed %d", seed).isNotEmpty();
      assertThat(said.full().last()).isGreaterThan(said.full().first() + 200);
      assertThat(said.kept()).as("there is room again").anyMatch(n -> n > 200);
      assertThat(found()).as("seed %d", seed).containsExactlyElementsOf(said.open());
      try (Spool spool = Spool.open(folder, BYTES_MAX, BYTES_MAX)) {
        for (Optional<Spool.Entry> e = spool.next(0); e.isPresent(); e = spool.next(0)) {
          spool.ack(e.get());
        }
      }
    }
  }
}
