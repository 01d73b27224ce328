package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.demo.Books;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Checks, as a client that trusts nothing but the log's key, that the latest records are in the
 * log.
 */
final class VerifyAuditCommand {
  private final StateFiles files;
  private final PrintStream out;

  VerifyAuditCommand(StateFiles files, PrintStream out) {
    this.files = files;
    this.out = out;
  }

  int run(List<String> line) {
    if (!Arguments.parse(line, Set.of(), Set.of()).words().isEmpty()) {
      throw new UsageException("verify-audit takes no arguments");
    }
    Endpoints endpoints =
        files
            .endpoints()
            .filter(
                unused -> files.running().filter(r -> r.launcher().find().isPresent()).isPresent())
            .orElseThrow(() -> new UsageException("nothing runs; ./cofferdam up starts it"));
    TlsFiles operator =
        new TlsFiles(
            Path.of(String.valueOf(endpoints.operator().get("certificate"))),
            Path.of(String.valueOf(endpoints.operator().get("key"))),
            files.authority());
    try (Books books = new Books(endpoints, operator)) {
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
