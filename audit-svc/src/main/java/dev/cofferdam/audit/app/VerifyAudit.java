package dev.cofferdam.audit.app;

import dev.cofferdam.audit.log.LogCopy;
import dev.cofferdam.audit.log.LogVerifier;
import dev.cofferdam.audit.log.LogVerifier.Finding;
import dev.cofferdam.audit.proof.Checkpoint;
import dev.cofferdam.audit.proof.CosignerKey;
import dev.cofferdam.audit.proof.NoteVerifier;
import dev.cofferdam.audit.proof.ProofCheck;
import dev.cofferdam.audit.proof.Proofs;
import dev.cofferdam.audit.proof.TileNodes;
import dev.cofferdam.audit.proof.TlogProof;
import dev.cofferdam.audit.publication.file.ExportFolder;
import dev.cofferdam.audit.publication.http.LogClient;
import dev.cofferdam.audit.sealing.SealedRecord;
import dev.cofferdam.mesh.TlsFiles;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Copies the log out of a mesh, and verifies copies without one. Ends with 0 where everything
 * holds, with 1 where something is wrong, which it names, and with 2 where it was asked wrongly.
 */
public final class VerifyAudit {
  private static final String USAGE =
      """
      fetch FOLDER --url URL --certificate FILE --private-key FILE --trust FILE
      log FOLDER --key KEY [--witness KEY]... [--remembered CHECKPOINT-FILE-OR-FOLDER]...
          [--earlier FOLDER]
      record FILE --key KEY
      prefix CHECKPOINT-FILE FOLDER --key KEY
      KEY is a verifier key, name+hash+key, or a file with one""";

  private final Arguments arguments;
  private final PrintStream out;

  private VerifyAudit(Arguments arguments, PrintStream out) {
    this.arguments = arguments;
    this.out = out;
  }

  /**
   * @param arguments as {@link #USAGE} says
   */
  public static void main(String[] arguments) {
    System.exit(run(List.of(arguments), System.out));
  }

  /** Runs a command; gives the program's status. */
  static int run(List<String> arguments, PrintStream out) {
    try {
      return new VerifyAudit(Arguments.of(arguments), out).run();
    } catch (UsageException e) {
      out.println("verify-audit: " + e.getMessage() + "\n" + USAGE);
      return 2;
    } catch (IllegalArgumentException e) {
      out.println("WRONG: " + e.getMessage());
      return 1;
    } catch (UncheckedIOException e) {
      out.println("verify-audit: " + e.getMessage());
      return 2;
    }
  }

  private int run() {
    return switch (arguments.word(0)) {
      case "fetch" -> fetch();
      case "log" -> log();
      case "record" -> record();
      case "prefix" -> prefix();
      default -> throw new UsageException("no such command: " + arguments.word(0));
    };
  }

  private int fetch() {
    Path folder = Path.of(arguments.word(1));
    TlsFiles identity =
        new TlsFiles(
            Path.of(arguments.only("certificate")),
            Path.of(arguments.only("private-key")),
            Path.of(arguments.only("trust")));
    try (LogClient client = new LogClient(URI.create(arguments.only("url")), identity)) {
      ExportFolder copy =
          ExportFolder.write(folder, client.checkpoint(), client::tile, client::notes);
      out.println(copy.size() + " records copied to " + folder);
      return 0;
    }
  }

  private int log() {
    ExportFolder folder = new ExportFolder(Path.of(arguments.word(1)));
    NoteVerifier key = key();
    List<Checkpoint> remembered =
        new ArrayList<>(List.of(open(key, folder.checkpoint(), "checkpoint")));
    for (Path file : files(arguments.all("remembered"))) {
      remembered.add(open(key, read(file), file.toString()));
    }
    Optional<LogCopy> earlier = Optional.empty();
    for (String before : arguments.all("earlier")) {
      ExportFolder copy = new ExportFolder(Path.of(before));
      Checkpoint signed = open(key, copy.checkpoint(), "checkpoint of " + before);
      Finding found = LogVerifier.verify(copy, key, List.of(signed));
      if (!(found instanceof Finding.Intact)) {
        out.println("the earlier copy proves nothing:");
        return told(found);
      }
      remembered.add(signed);
      copy.checkpoints(0, Integer.MAX_VALUE)
          .forEach(note -> remembered.add(open(key, note.note(), "checkpoint of " + before)));
      earlier = Optional.of(copy);
    }
    for (String witness : arguments.all("witness")) {
      CosignerKey cosigner = CosignerKey.parse(keyText(witness));
      OptionalLong time = cosigner.cosigned(folder.checkpoint());
      if (time.isEmpty()) {
        return wrong("the checkpoint has no cosignature of " + cosigner.name());
      }
      out.println(
          "cosigned by " + cosigner.name() + " at " + Instant.ofEpochSecond(time.getAsLong()));
    }
    return told(LogVerifier.verify(folder, key, remembered, earlier));
  }

  /** Files, and what lies in folders. */
  private static List<Path> files(List<String> named) {
    List<Path> files = new ArrayList<>();
    for (String name : named) {
      Path path = Path.of(name);
      if (Files.isDirectory(path)) {
        try (Stream<Path> inside = Files.list(path)) {
          inside.sorted().forEach(files::add);
        } catch (IOException e) {
          throw new UncheckedIOException("cannot read " + path, e);
        }
      } else {
        files.add(path);
      }
    }
    return files;
  }

  private int record() {
    TlogProof proof = TlogProof.parse(read(Path.of(arguments.word(1))));
    Optional<String> fault = proof.fault(key());
    if (fault.isPresent()) {
      return wrong(fault.get());
    }
    SealedRecord sealed = SealedRecord.decode(proof.leaf());
    out.println(
        "record "
            + proof.index()
            + " of "
            + sealed.tenant().value()
            + sealed.label().map(l -> ", " + Instant.ofEpochMilli(l.occurredMs())).orElse("")
            + " is in the signed tree");
    return 0;
  }

  private int prefix() {
    NoteVerifier key = key();
    Checkpoint old = open(key, read(Path.of(arguments.word(1))), arguments.word(1));
    ExportFolder folder = new ExportFolder(Path.of(arguments.word(2)));
    Checkpoint now = open(key, folder.checkpoint(), "checkpoint");
    if (old.size() > now.size()) {
      return told(new Finding.SetBack(now.size(), old.size()));
    }
    if (continues(old, now, folder)) {
      out.println("the tree of " + old.size() + " records is a prefix of that of " + now.size());
      return 0;
    }
    return told(LogVerifier.verify(folder, key, List.of(old, now)));
  }

  private static boolean continues(Checkpoint old, Checkpoint now, ExportFolder folder) {
    TileNodes nodes = new TileNodes(folder::read);
    try {
      return ProofCheck.consistency(
          old.size(),
          old.root(),
          now.size(),
          now.root(),
          Proofs.consistency(old.size(), now.size(), nodes));
    } catch (IllegalStateException e) {
      return false;
    }
  }

  private int told(Finding finding) {
    return switch (finding) {
      case Finding.Intact intact -> {
        out.println(intact.leaves() + " records are those that were signed");
        yield 0;
      }
      case Finding.BadCheckpoint bad ->
          wrong("the checkpoint kept for " + bad.size() + " records was not signed by the key");
      case Finding.MissingLeaf missing -> wrong("record " + missing.index() + " is missing");
      case Finding.MissingLeaves missing ->
          wrong(
              missing.leaves()
                  + " of the records from "
                  + missing.from()
                  + " to "
                  + (missing.to() - 1)
                  + " are missing");
      case Finding.BadLeaf bad -> wrong("record " + bad.index() + " does not have its hash");
      case Finding.BadRow bad ->
          wrong("what stands beside record " + bad.index() + " is not what it says");
      case Finding.Repeated again ->
          wrong("record " + again.index() + " repeats record " + again.first());
      case Finding.BadNode bad ->
          wrong("the kept hash of " + bad.node() + " is not that of its records");
      case Finding.BadLeaves bad ->
          wrong(
              "records from "
                  + bad.from()
                  + " to "
                  + (bad.to() - 1)
                  + " are not those that were signed");
      case Finding.BadHead bad -> wrong("the head is not that of the records");
      case Finding.SetBack back when back.size() == back.signedSize() ->
          wrong("two different trees of " + back.size() + " records were signed");
      case Finding.SetBack back ->
          wrong("the log has " + back.size() + " signed records, and had " + back.signedSize());
    };
  }

  private int wrong(String what) {
    out.println("WRONG: " + what);
    return 1;
  }

  private NoteVerifier key() {
    return NoteVerifier.parse(keyText(arguments.only("key")));
  }

  private static String keyText(String given) {
    return given.contains("+") ? given : read(Path.of(given)).strip();
  }

  private static Checkpoint open(NoteVerifier key, String note, String what) {
    Checkpoint checkpoint =
        key.open(note)
            .map(Checkpoint::parse)
            .orElseThrow(
                () -> new IllegalArgumentException(what + " has no signature of the log's key"));
    if (!checkpoint.origin().equals(key.name())) {
      throw new IllegalArgumentException(what + " is of another log");
    }
    return checkpoint;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file, e);
    }
  }

  private static final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
      super(message);
    }
  }

  /** Words and options of a command line. */
  private record Arguments(List<String> words, List<String> options) {
    static Arguments of(List<String> line) {
      List<String> words = new ArrayList<>();
      List<String> options = new ArrayList<>();
      for (int i = 0; i < line.size(); i++) {
        if (!line.get(i).startsWith("--")) {
          words.add(line.get(i));
        } else if (i + 1 < line.size()) {
          options.add(line.get(i).substring(2));
          options.add(line.get(++i));
        } else {
          throw new UsageException(line.get(i) + " needs a value");
        }
      }
      return new Arguments(words, options);
    }

    String word(int at) {
      if (at >= words.size()) {
        throw new UsageException("something is missing");
      }
      return words.get(at);
    }

    List<String> all(String option) {
      List<String> values = new ArrayList<>();
      for (int i = 0; i < options.size(); i += 2) {
        if (options.get(i).equals(option)) {
          values.add(options.get(i + 1));
        }
      }
      return values;
    }

    String only(String option) {
      List<String> values = all(option);
      if (values.size() != 1) {
        throw new UsageException("--" + option + " is given once");
      }
      return values.getFirst();
    }
  }
}
