package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.demo.Books;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Verifies the audit log. Without arguments, that the latest records of the mesh that runs are in
 * its log; with {@code fetch}, {@code log}, {@code record} or {@code prefix}, copies the log, or
 * verifies a copy without the mesh. All trust nothing but the log's key.
 */
final class VerifyAuditCommand {
  private final Path repository;
  private final Path directory;
  private final StateFiles files;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   */
  VerifyAuditCommand(Path repository, Path directory, StateFiles files, PrintStream out) {
    this.repository = repository;
    this.directory = directory;
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) throws IOException, InterruptedException {
    return line.isEmpty()
        ? latest()
        : ServiceProgram.verifyAudit(repository, directory).run(completed(line));
  }

  /** What is not said is the local mesh's: where it is, as its operator, and its log's key. */
  private List<String> completed(List<String> line) {
    List<String> all = new ArrayList<>(line);
    Path key = files.folder().resolve("state/audit/verifier-key");
    if (line.getFirst().equals("fetch")) {
      if (!line.contains("--url")) {
        TlsFiles operator = RunningMesh.of(files).operator();
        all.addAll(List.of("--url", "https://127.0.0.1:" + files.ports().get("audit-web")));
        all.addAll(List.of("--certificate", operator.certificate().toString()));
        all.addAll(List.of("--private-key", operator.key().toString()));
        all.addAll(List.of("--trust", operator.trust().toString()));
      }
    } else if (!line.contains("--key") && Files.exists(key)) {
      all.addAll(List.of("--key", key.toString()));
    }
    return all;
  }

  private int latest() {
    RunningMesh mesh = RunningMesh.of(files);
    try (Books books = new Books(mesh.endpoints(), mesh.operator())) {
      List<LoggedRecord> records = books.records("");
      int pending = 0;
      int proved = 0;
      for (LoggedRecord logged : records) {
        Optional<Books.Proved> proof = books.prove(logged);
        if (proof.isEmpty()) {
          pending++;
          continue;
        }
        if (proved++ == 0) {
          out.printf(
              "checkpoint of %s: %d leaves, root %s, signature holds%n",
              proof.get().origin(),
              proof.get().treeSize(),
              HexFormat.of().formatHex(proof.get().rootHash().toByteArray()));
        }
      }
      out.printf(
          "%d of the latest %d records are proved to be in the tree, %d wait for a checkpoint%n",
          proved, records.size(), pending);
      return 0;
    } catch (IllegalArgumentException e) {
      System.err.println("cofferdam: THE AUDIT LOG DOES NOT HOLD: " + e.getMessage());
      return 1;
    }
  }
}
