package dev.cofferdam.local;

import dev.cofferdam.local.services.Launch;
import dev.cofferdam.local.services.ServiceKind;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a mesh is started.
 *
 * @param repository root of the checkout, where the services were built
 * @param models folder of the models, the sample model among them
 * @param moreModels names of models in it that are served beside the sample, all by one more
 *     worker, whose memory holds one of them at a time
 * @param binaries where the programs of Redis and PostgreSQL are unpacked; may be shared by meshes
 * @param ports given ports by name; the others are chosen
 * @param redis a Redis program to use instead of the one that would be chosen
 * @param workers number of workers of the sample model, 1 to 8
 * @param settings further settings of a process, by its name, which replace its own
 * @param gatewayAlone of the services only the gateway, with the stores: a benchmark stands in for
 *     router and worker at their addresses
 * @param launch what the processes of services run
 * @param progress told what happens
 */
public record LocalOptions(
    Path repository,
    Path models,
    List<String> moreModels,
    Path binaries,
    Map<String, Integer> ports,
    Optional<Path> redis,
    int workers,
    Map<String, Map<String, String>> settings,
    boolean gatewayAlone,
    Launch launch,
    Progress progress) {
  public LocalOptions {
    moreModels = List.copyOf(moreModels);
    ports = Map.copyOf(ports);
    settings = Map.copyOf(settings);
    if (workers < 1 || workers > 8) {
      throw new IllegalArgumentException("workers: " + workers + " (expected: 1 to 8)");
    }
  }

  /** Two workers, free ports, what {@link Launch#PROPERTY} says, and no word about it. */
  public static LocalOptions of(Path repository) {
    return new LocalOptions(
        repository,
        repository.resolve("models"),
        List.of(),
        repository.resolve(".local/binaries"),
        Map.of(),
        Optional.empty(),
        2,
        Map.of(),
        false,
        Launch.chosen(),
        line -> {});
  }

  /** These options with another listener. */
  public LocalOptions withProgress(Progress listener) {
    return new LocalOptions(
        repository,
        models,
        moreModels,
        binaries,
        ports,
        redis,
        workers,
        settings,
        gatewayAlone,
        launch,
        listener);
  }

  /** These options with further settings of the gateway. */
  public LocalOptions withGatewaySettings(Map<String, String> more) {
    return withSettings("gateway", more);
  }

  /** These options with further settings of a process, such as {@code worker-1}. */
  public LocalOptions withSettings(String process, Map<String, String> more) {
    Map<String, Map<String, String>> all = new HashMap<>(settings);
    Map<String, String> own = new HashMap<>(settings.getOrDefault(process, Map.of()));
    own.putAll(more);
    all.put(process, Map.copyOf(own));
    return new LocalOptions(
        repository,
        models,
        moreModels,
        binaries,
        ports,
        redis,
        workers,
        all,
        gatewayAlone,
        launch,
        progress);
  }

  /** These options with another folder of models, and models of it beside the sample. */
  public LocalOptions withModels(Path folder, List<String> more) {
    return new LocalOptions(
        repository,
        folder,
        more,
        binaries,
        ports,
        redis,
        workers,
        settings,
        gatewayAlone,
        launch,
        progress);
  }

  /** These options with no service but the gateway. */
  public LocalOptions withGatewayAlone() {
    return new LocalOptions(
        repository,
        models,
        moreModels,
        binaries,
        ports,
        redis,
        workers,
        settings,
        true,
        launch,
        progress);
  }

  /** These options with services that run from something else. */
  public LocalOptions withLaunch(Launch other) {
    return new LocalOptions(
        repository,
        models,
        moreModels,
        binaries,
        ports,
        redis,
        workers,
        settings,
        gatewayAlone,
        other,
        progress);
  }

  /** Names of the processes of services that run. */
  List<String> services() {
    return gatewayAlone ? List.of("gateway") : ServiceKind.processes(allWorkers());
  }

  /** Names of those without which there is no answer: of several of a kind the first. */
  List<String> servicesNeeded() {
    Set<ServiceKind> kinds = EnumSet.noneOf(ServiceKind.class);
    return services().stream().filter(name -> kinds.add(ServiceKind.ofProcess(name))).toList();
  }

  /** Number of all workers. */
  int allWorkers() {
    return workers + (moreModels.isEmpty() ? 0 : 1);
  }

  /** The models of a worker by its number, from 1 on; none for the sample. */
  List<String> modelsOfWorker(int worker) {
    return worker <= workers ? List.of() : moreModels;
  }
}
