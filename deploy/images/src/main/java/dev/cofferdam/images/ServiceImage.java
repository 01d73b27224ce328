package dev.cofferdam.images;

import com.google.cloud.tools.jib.api.CacheDirectoryCreationException;
import com.google.cloud.tools.jib.api.Containerizer;
import com.google.cloud.tools.jib.api.ImageReference;
import com.google.cloud.tools.jib.api.InvalidImageReferenceException;
import com.google.cloud.tools.jib.api.Jib;
import com.google.cloud.tools.jib.api.JibContainer;
import com.google.cloud.tools.jib.api.JibContainerBuilder;
import com.google.cloud.tools.jib.api.RegistryException;
import com.google.cloud.tools.jib.api.RegistryImage;
import com.google.cloud.tools.jib.api.TarImage;
import com.google.cloud.tools.jib.api.buildplan.AbsoluteUnixPath;
import com.google.cloud.tools.jib.api.buildplan.FileEntriesLayer;
import com.google.cloud.tools.jib.api.buildplan.FilePermissions;
import com.google.cloud.tools.jib.api.buildplan.ImageFormat;
import com.google.cloud.tools.jib.api.buildplan.Port;
import com.google.cloud.tools.jib.frontend.CredentialRetrieverFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

/**
 * An image of a service: base, Java runtime, libraries, application, bill of materials, each a
 * layer of its own. Files belong to root and are writable by nobody else; the process is user
 * 65532. The same files make the same digest: no time, no user and no order of the file system gets
 * in.
 *
 * @param service such as "gateway"
 * @param version of the product
 * @param base image reference, the path of a saved image (.tar), or "scratch"
 * @param runtime folder of {@link JavaRuntime}
 * @param application Quarkus' folder of the built service
 * @param sbom CycloneDX bill of materials as JSON
 */
public record ServiceImage(
    String service, String version, String base, Path runtime, Path application, Path sbom) {
  /** It has the C library, libgcc and libstdc++ (for CUDA's binding). */
  public static final String BASE = "debian:13-slim";

  private static final String USER = "65532:65532";
  private static final Instant EPOCH = Instant.ofEpochSecond(1);
  private static final Set<String> WITH_HTTPS = Set.of("gateway", "metering", "audit");

  /** Name of the bill of materials in the image, where scanners look. */
  private String sbomPath() {
    return "/usr/share/sbom/" + service + ".cdx.json";
  }

  /**
   * Writes the image as an OCI archive.
   *
   * @return its digest, "sha256:…"
   */
  public String toTar(Path file, Path cache) throws IOException, InterruptedException {
    return build(
        Containerizer.to(TarImage.at(file).named(reference("cofferdam/" + service))), cache);
  }

  /**
   * Pushes the image, with the credentials of Docker's configuration.
   *
   * @param registry registry and path before the service's name
   * @param insecure whether plain HTTP and unknown certificates are taken
   * @return its digest, "sha256:…"
   */
  public String toRegistry(String registry, boolean insecure, Path cache)
      throws IOException, InterruptedException {
    RegistryImage image = image(reference(registry + "/" + service));
    return build(Containerizer.to(image).setAllowInsecureRegistries(insecure), cache);
  }

  private ImageReference reference(String name) {
    try {
      return ImageReference.parse(name + ":" + version);
    } catch (InvalidImageReferenceException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private static RegistryImage image(ImageReference reference) {
    RegistryImage image = RegistryImage.named(reference);
    CredentialRetrieverFactory credentials =
        CredentialRetrieverFactory.forImage(reference, event -> {});
    return image
        .addCredentialRetriever(credentials.dockerConfig())
        .addCredentialRetriever(credentials.wellKnownCredentialHelpers());
  }

  private String build(Containerizer to, Path cache) throws IOException, InterruptedException {
    Containerizer containerizer =
        to.setBaseImageLayersCache(cache.resolve("base"))
            .setApplicationLayersCache(cache.resolve("layers"))
            .setToolName("cofferdam");
    try {
      JibContainer made = builder().containerize(containerizer);
      return made.getDigest().toString();
    } catch (InvalidImageReferenceException e) {
      throw new IllegalArgumentException("base: " + base + " is no image", e);
    } catch (RegistryException | CacheDirectoryCreationException e) {
      throw new IOException(e.getMessage(), e);
    } catch (ExecutionException e) {
      Throwable cause = Optional.ofNullable(e.getCause()).orElse(e);
      throw new IOException(service + ": " + cause.getMessage(), e);
    }
  }

  private JibContainerBuilder builder() throws IOException, InvalidImageReferenceException {
    JibContainerBuilder builder =
        from()
            .addFileEntriesLayer(layer("runtime", Map.of(runtime, "/opt/java")))
            .addFileEntriesLayer(layer("libraries", Map.of(application.resolve("lib"), "/app/lib")))
            .addFileEntriesLayer(
                layer(
                    "application",
                    Map.of(
                        application.resolve("app"), "/app/app",
                        application.resolve("quarkus"), "/app/quarkus",
                        application.resolve("quarkus-run.jar"), "/app/quarkus-run.jar")))
            .addFileEntriesLayer(layer("sbom", Map.of(sbom, sbomPath())));
    return builder
        .setFormat(ImageFormat.OCI)
        .setCreationTime(EPOCH)
        .setUser(USER)
        .setWorkingDirectory(AbsoluteUnixPath.get("/app"))
        .setEntrypoint(entrypoint())
        .setExposedPorts(ports())
        .setLabels(
            Map.of(
                "org.opencontainers.image.title",
                "cofferdam-" + service,
                "org.opencontainers.image.version",
                version,
                "org.opencontainers.image.licenses",
                "Apache-2.0",
                "org.opencontainers.image.base.name",
                base.endsWith(".tar") ? "archive" : base,
                "dev.cofferdam.sbom",
                sbomPath()));
  }

  private JibContainerBuilder from() throws InvalidImageReferenceException {
    if (base.equals("scratch")) {
      return Jib.fromScratch();
    }
    return base.endsWith(".tar")
        ? Jib.from(TarImage.at(Path.of(base)))
        : Jib.from(image(ImageReference.parse(base)));
  }

  /** How the process starts; an operator adds to it by JDK_JAVA_OPTIONS. */
  List<String> entrypoint() {
    List<String> command =
        new ArrayList<>(
            List.of(
                "/opt/java/bin/java",
                "-XX:+UseCompactObjectHeaders",
                "-XX:+ExitOnOutOfMemoryError",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED"));
    if (service.equals("worker")) {
      command.add("--add-modules=jdk.incubator.vector");
      command.add("-XX:+UseTransparentHugePages");
    }
    command.addAll(List.of("-jar", "/app/quarkus-run.jar"));
    return command;
  }

  private Set<Port> ports() {
    return WITH_HTTPS.contains(service)
        ? Set.of(Port.tcp(9443), Port.tcp(9000), Port.tcp(8443))
        : Set.of(Port.tcp(9443), Port.tcp(9000));
  }

  private static FileEntriesLayer layer(String name, Map<Path, String> targets) throws IOException {
    FileEntriesLayer.Builder layer = FileEntriesLayer.builder().setName(name);
    List<Map.Entry<String, Path>> files = new ArrayList<>();
    for (Map.Entry<Path, String> target : targets.entrySet()) {
      try (Stream<Path> paths = Files.walk(target.getKey())) {
        paths
            .filter(Files::isRegularFile)
            .forEach(
                file -> {
                  String below = target.getKey().relativize(file).toString();
                  files.add(
                      Map.entry(
                          below.isEmpty() ? target.getValue() : target.getValue() + "/" + below,
                          file));
                });
      }
    }
    files.sort(Map.Entry.comparingByKey());
    for (Map.Entry<String, Path> file : files) {
      boolean program = Files.isExecutable(file.getValue());
      layer.addEntry(
          file.getValue(),
          AbsoluteUnixPath.get(file.getKey()),
          FilePermissions.fromOctalString(program ? "755" : "644"),
          EPOCH);
    }
    return layer.build();
  }
}
