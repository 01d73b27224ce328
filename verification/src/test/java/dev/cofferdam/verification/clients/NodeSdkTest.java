package dev.cofferdam.verification.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cofferdam.verification.Mesh;
import dev.cofferdam.verification.Mesh.TenantHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The REST edge as the official OpenAI SDK for Node sees it. Skipped, by name, where Node or the
 * SDK's package cannot be had.
 */
class NodeSdkTest {
  private static final List<String> FILES =
      List.of("package.json", "package-lock.json", "openai.mjs", "retry.mjs");
  private static final Path WORK = Path.of("target/node").toAbsolutePath();

  private record Ended(int status, String output) {}

  private static Ended run(Map<String, String> environment, String... command) throws Exception {
    Path output = Files.createTempFile(WORK, command[0], ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(WORK.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return new Ended(127, command[0] + " cannot be run");
    }
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      return new Ended(124, command[0] + " did not end");
    }
    return new Ended(process.exitValue(), Files.readString(output));
  }

  @BeforeAll
  static void install() throws Exception {
    Files.createDirectories(WORK);
    for (String file : FILES) {
      Files.copy(
          Path.of("src/test/node", file), WORK.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    assumeTrue(run(Map.of(), "node", "--version").status() == 0, "Node is not on the PATH");
    Ended installed = run(Map.of(), "npm", "ci", "--no-audit", "--no-fund");
    assumeTrue(
        installed.status() == 0,
        "the SDK's package cannot be installed from a registry: npm " + installed.status());
  }

  private static Ended script(Mesh mesh, String file, TenantHandle tenant) {
    try {
      return run(
          Map.of("NODE_EXTRA_CA_CERTS", mesh.authority().toString()),
          "node",
          file,
          mesh.restUrl() + "/v1",
          tenant.apiKey());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aClientThatMeetsA503TriesAgainAndIsServed() {
    Mesh mesh = Mesh.shared();
    TenantHandle free = mesh.newTenant("node-503", "free");
    Ended ended = mesh.throughRefusals(() -> script(mesh, "retry.mjs", free));
    assertThat(ended.output()).isEqualToIgnoringNewLines("1 choice after 503 and 200");
  }

  @Test
  void theOpenAiSdkForNodeIsServed() {
    Mesh mesh = Mesh.shared();
    Ended ended = script(mesh, "openai.mjs", mesh.newTenant("node", "standard"));
    assertThat(ended.status()).as(ended.output()).isZero();
    assertThat(ended.output().lines().filter(line -> line.startsWith("ok ")).count()).isEqualTo(12);
  }
}
