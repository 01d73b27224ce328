package dev.cofferdam.local.command;

import dev.cofferdam.local.Endpoints;
import dev.cofferdam.local.StateFiles;
import dev.cofferdam.mesh.TlsFiles;
import java.nio.file.Path;

/**
 * The local mesh that runs, for commands that ask it something.
 *
 * @param endpoints where it is
 * @param operator its operator's identity
 */
record RunningMesh(Endpoints endpoints, TlsFiles operator) {
  /**
   * The mesh of a folder.
   *
   * @throws UsageException where none runs
   */
  static RunningMesh of(StateFiles files) {
    Endpoints endpoints =
        files
            .endpoints()
            .filter(
                unused -> files.running().filter(r -> r.launcher().find().isPresent()).isPresent())
            .orElseThrow(() -> new UsageException("nothing runs; ./cofferdam up starts it"));
    return new RunningMesh(
        endpoints,
        new TlsFiles(
            Path.of(String.valueOf(endpoints.operator().get("certificate"))),
            Path.of(String.valueOf(endpoints.operator().get("key"))),
            files.authority()));
  }
}
