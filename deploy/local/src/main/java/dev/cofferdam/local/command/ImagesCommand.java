package dev.cofferdam.local.command;

import dev.cofferdam.images.JavaRuntime;
import dev.cofferdam.images.ServiceImage;
import dev.cofferdam.local.services.ServiceKind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Makes OCI images of the services that were built, without a container engine. */
final class ImagesCommand {
  private static final String VERSION = "0.1.0";

  private final Path repository;
  private final Path directory;
  private final Path state;
  private final PrintStream out;

  /**
   * @param directory what relative paths of the command line refer to
   * @param state where the runtime, the layers and archives go
   */
  ImagesCommand(Path repository, Path directory, Path state, PrintStream out) {
    this.repository = repository;
    this.directory = directory;
    this.state = state.resolve("images");
    this.out = out;
  }

  int run(List<String> line) throws IOException, InterruptedException {
    Arguments arguments =
        Arguments.parse(
            line, Set.of("--insecure"), Set.of("--base", "--to", "--registry", "--tag", "--out"));
    String to = arguments.value("--to").orElse("tar");
    Optional<String> registry = arguments.value("--registry");
    if (!Set.of("tar", "registry").contains(to) || to.equals("registry") != registry.isPresent()) {
      throw new UsageException(
          "images [SERVICE ...] [--to tar] [--out FOLDER], or images [SERVICE ...] --to registry"
              + " --registry HOST/PATH");
    }
    List<ServiceKind> services = services(arguments.words());
    check(services);
    Path runtime = state.resolve("java");
    JavaRuntime.make(runtime);
    for (ServiceKind service : services) {
      ServiceImage image =
          new ServiceImage(
              service.label(),
              arguments.value("--tag").orElse(VERSION),
              base(arguments),
              runtime,
              target(service).resolve("quarkus-app"),
              sbom(service));
      Path cache = state.resolve("cache");
      if (registry.isPresent()) {
        String digest = image.toRegistry(registry.get(), arguments.has("--insecure"), cache);
        out.println(registry.get() + "/" + service.label() + "@" + digest);
      } else {
        Path folder = arguments.value("--out").map(directory::resolve).orElse(state);
        Files.createDirectories(folder);
        Path file = folder.resolve(service.label() + ".tar");
        out.println(image.toTar(file, cache) + "  " + file);
      }
    }
    return 0;
  }

  private String base(Arguments arguments) {
    String base = arguments.value("--base").orElse(ServiceImage.BASE);
    return base.endsWith(".tar") ? directory.resolve(base).toString() : base;
  }

  private static List<ServiceKind> services(List<String> words) {
    List<ServiceKind> named = new ArrayList<>();
    for (String word : words) {
      named.add(
          Arrays.stream(ServiceKind.values())
              .filter(kind -> kind.label().equals(word))
              .findFirst()
              .orElseThrow(() -> new UsageException(word + " is no service")));
    }
    return named.isEmpty() ? List.of(ServiceKind.values()) : named;
  }

  private void check(List<ServiceKind> services) {
    List<String> missing = new ArrayList<>();
    for (ServiceKind service : services) {
      if (!Files.exists(target(service).resolve("quarkus-app/quarkus-run.jar"))) {
        missing.add(service.module() + " is not built (./cofferdam up builds it)");
      }
      if (!Files.exists(sbom(service))) {
        missing.add(
            service.module() + " has no bill of materials (./cofferdam images makes it by Maven)");
      }
    }
    if (!missing.isEmpty()) {
      throw new UsageException(String.join("; ", missing));
    }
  }

  private Path target(ServiceKind service) {
    return repository.resolve(service.module()).resolve("target");
  }

  private Path sbom(ServiceKind service) {
    return target(service).resolve("sbom.cdx.json");
  }
}
