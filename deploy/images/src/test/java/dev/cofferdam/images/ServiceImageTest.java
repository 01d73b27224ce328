package dev.cofferdam.images;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceImageTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  @TempDir Path folder;

  @BeforeEach
  void build() throws IOException {
    write("java/bin/java", "#!");
    assertThat(folder.resolve("java/bin/java").toFile().setExecutable(true)).isTrue();
    write("java/lib/modules", "modules");
    write("app/lib/main/a.jar", "a");
    write("app/lib/boot/b.jar", "b");
    write("app/app/worker.jar", "worker");
    write("app/quarkus/generated.jar", "generated");
    write("app/quarkus-run.jar", "run");
    write("sbom.json", "{}");
  }

  @Test
  void theProcessIsNobodyAndStartsTheService() throws Exception {
    JsonNode config = config(archive("worker", "first"));

    assertThat(config.at("/config/User").asText()).isEqualTo("65532:65532");
    assertThat(config.at("/config/Entrypoint").get(0).asText()).isEqualTo("/opt/java/bin/java");
    assertThat(config.at("/config/Entrypoint").toString())
        .contains("--add-modules=jdk.incubator.vector")
        .endsWith("\"-jar\",\"/app/quarkus-run.jar\"]");
    assertThat(config.at("/config/Labels/org.opencontainers.image.licenses").asText())
        .isEqualTo("Apache-2.0");
    assertThat(config.at("/config/Labels/dev.cofferdam.sbom").asText())
        .isEqualTo("/usr/share/sbom/worker.cdx.json");
    assertThat(config.at("/rootfs/diff_ids")).hasSize(4);
  }

  @Test
  void filesAreRootsAndWritableByNobodyElse() throws Exception {
    Map<String, TarArchiveEntry> files = files(archive("gateway", "first"));

    assertThat(files)
        .containsKeys(
            "opt/java/bin/java",
            "app/lib/main/a.jar",
            "app/quarkus-run.jar",
            "usr/share/sbom/gateway.cdx.json");
    assertThat(files.get("opt/java/bin/java").getMode() & 0777).isEqualTo(0755);
    for (TarArchiveEntry file : files.values()) {
      assertThat(file.getLongUserId()).isZero();
      assertThat(file.getMode() & 0022).as(file.getName()).isZero();
    }
  }

  @Test
  void theSameFilesMakeTheSameDigestWheneverAndWherever() throws Exception {
    String first = digest("router", "first");
    try (var paths = Files.walk(folder.resolve("app"))) {
      for (Path path : paths.toList()) {
        Files.setLastModifiedTime(path, FileTime.from(Instant.parse("2031-05-05T05:05:05Z")));
      }
    }
    String later = digest("router", "later");
    write("app/lib/main/a.jar", "another");
    String changed = digest("router", "changed");

    assertThat(later).isEqualTo(first);
    assertThat(changed).isNotEqualTo(first);
  }

  private String digest(String service, String name) throws Exception {
    return image(service).toTar(folder.resolve(name + ".tar"), folder.resolve("cache-" + name));
  }

  private Path archive(String service, String name) throws Exception {
    digest(service, name);
    return folder.resolve(name + ".tar");
  }

  private ServiceImage image(String service) {
    return new ServiceImage(
        service,
        "0.1.0",
        "scratch",
        folder.resolve("java"),
        folder.resolve("app"),
        folder.resolve("sbom.json"));
  }

  /** The image's configuration: index, manifest, configuration, as in an OCI archive. */
  private static JsonNode config(Path archive) throws IOException {
    Map<String, byte[]> blobs = blobs(archive);
    JsonNode manifest =
        JSON.readTree(blob(blobs, JSON.readTree(blobs.get("index.json")).at("/manifests/0")));
    return JSON.readTree(blob(blobs, manifest.get("config")));
  }

  private static Map<String, TarArchiveEntry> files(Path archive) throws IOException {
    Map<String, byte[]> blobs = blobs(archive);
    JsonNode manifest =
        JSON.readTree(blob(blobs, JSON.readTree(blobs.get("index.json")).at("/manifests/0")));
    Map<String, TarArchiveEntry> files = new TreeMap<>();
    for (JsonNode layer : manifest.get("layers")) {
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(
              new GZIPInputStream(new java.io.ByteArrayInputStream(blob(blobs, layer))))) {
        for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
          files.put(e.getName(), e);
        }
      }
    }
    return files;
  }

  private static byte[] blob(Map<String, byte[]> blobs, JsonNode descriptor) {
    return blobs.get("blobs/" + descriptor.get("digest").asText().replace(':', '/'));
  }

  private static Map<String, byte[]> blobs(Path archive) throws IOException {
    Map<String, byte[]> blobs = new HashMap<>();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive));
        TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        blobs.put(e.getName(), tar.readAllBytes());
      }
    }
    return blobs;
  }

  private void write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
