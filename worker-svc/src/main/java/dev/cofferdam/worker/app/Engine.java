package dev.cofferdam.worker.app;

import dev.cofferdam.worker.execution.ExecutorChoice;
import dev.cofferdam.worker.execution.ExecutorGeometry;
import dev.cofferdam.worker.execution.ExecutorOptions;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.ModelExecutor;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.execution.cpu.CpuExecutor;
import dev.cofferdam.worker.execution.cpu.Team;
import dev.cofferdam.worker.execution.cuda.CudaDevice;
import dev.cofferdam.worker.execution.cuda.CudaExecutor;
import dev.cofferdam.worker.execution.cuda.driver.CudaUnavailableException;
import dev.cofferdam.worker.kvcache.Sealing;
import dev.cofferdam.worker.model.ModelConfig;
import dev.cofferdam.worker.model.ModelDigest;
import dev.cofferdam.worker.model.ModelLoadException;
import dev.cofferdam.worker.model.ModelWeights;
import dev.cofferdam.worker.residency.ServedModel;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that this worker may serve, and how they come into memory: the CPU's, or a device's.
 */
final class Engine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

  /**
   * A model as it was at the start.
   *
   * @param stamps what its files looked like before their digest was taken
   */
  private record Described(
      ServedModel served,
      Map<String, ModelDigest.Stamp> stamps,
      ModelConfig config,
      ExecutorOptions options) {}

  private final MeteredExecutor.Overhead overhead = new MeteredExecutor.Overhead();
  private final Path root;
  private final Team team;
  private final Optional<CudaDevice> device;
  private final Map<String, Described> models = new LinkedHashMap<>();

  /** Models that were in memory before. */
  private final Set<String> warm = ConcurrentHashMap.newKeySet();

  private Engine(Path root, Team team, Optional<CudaDevice> device) {
    this.root = root;
    this.team = team;
    this.device = device;
  }

  /**
   * Looks at all models; none is in memory yet.
   *
   * @throws ModelLoadException when one of them cannot be used
   * @throws IllegalArgumentException when the settings do not hold
   */
  static Engine open(WorkerConfig.Worker worker) {
    List<String> ids = ids(worker);
    int threads = worker.threads().orElse(Runtime.getRuntime().availableProcessors());
    Optional<CudaDevice> device = device(worker);
    Engine engine =
        new Engine(worker.modelsRoot(), new Team(device.isPresent() ? 1 : threads), device);
    try {
      for (String id : ids) {
        engine.models.put(id, engine.describe(worker, id, threads, id.equals(ids.getFirst())));
      }
    } catch (RuntimeException e) {
      engine.close();
      throw e;
    }
    return engine;
  }

  private static Optional<CudaDevice> device(WorkerConfig.Worker worker) {
    if (worker.executor() == ExecutorChoice.CPU) {
      return Optional.empty();
    }
    try {
      CudaDevice device = CudaDevice.open(worker.device());
      LOG.info("device {}: {}", worker.device(), device.device());
      return Optional.of(device);
    } catch (CudaUnavailableException e) {
      if (worker.executor() == ExecutorChoice.CUDA) {
        throw new IllegalArgumentException("cofferdam.worker.executor: cuda: " + e.getMessage(), e);
      }
      LOG.info("steps run on the CPU: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private static List<String> ids(WorkerConfig.Worker worker) {
    List<String> ids =
        worker.models().orElseGet(() -> worker.model().map(List::of).orElse(List.of()));
    if (ids.isEmpty() || worker.model().isPresent() == worker.models().isPresent()) {
      throw new IllegalArgumentException(
          "cofferdam.worker.model, cofferdam.worker.models (expected: exactly one of them)");
    }
    if (new HashSet<>(ids).size() != ids.size()) {
      throw new IllegalArgumentException(
          "cofferdam.worker.models: " + ids + " (expected: each model once)");
    }
    return ids;
  }

  private Described describe(WorkerConfig.Worker worker, String id, int threads, boolean first) {
    Path folder = worker.modelsRoot().resolve(id);
    ModelWeights weights = ModelFiles.load(folder);
    ModelConfig config = weights.config();
    boolean halves = device.isPresent() || weights.bf16();
    WeightType kept = worker.weights().orElse(halves ? WeightType.BF16 : WeightType.F32);
    KvType kv = worker.kv().orElse(KvType.of(kept));
    long blockBytes = kv.blockBytes(config, worker.blockTokens());
    int blocks = (int) Math.min(Integer.MAX_VALUE / 2, worker.kvBytes() / blockBytes);
    if (blocks < 1) {
      throw new IllegalArgumentException(
          "cofferdam.worker.kv-bytes: "
              + worker.kvBytes()
              + " (expected: at least "
              + blockBytes
              + ", a block of "
              + id
              + ")");
    }
    ExecutorOptions options =
        new ExecutorOptions(
            blocks,
            worker.blockTokens(),
            worker.adapterSlots(),
            worker.slots(),
            worker.stepTokensMax(),
            kept,
            kv,
            worker.kernels(),
            threads,
            worker.kvEncryption() == Sealing.ALWAYS);
    long openedBytes = device.isPresent() ? CudaExecutor.openedBytes(config, options) : 0;
    Map<String, ModelDigest.Stamp> stamps = ModelDigest.stamps(folder);
    String digest = ModelDigest.of(folder);
    return new Described(
        new ServedModel(
            id,
            digest,
            ExecutorGeometry.of(config, options),
            config.parameters() * options.weights().bytes + blocks * blockBytes + openedBytes,
            first ? PublicPrefixFile.of(worker, id, digest) : List.of()),
        stamps,
        config,
        options);
  }

  /** All models, in the order of the settings. */
  List<ServedModel> models() {
    return models.values().stream().map(Described::served).toList();
  }

  /** Geometry of a model. */
  ModelConfig config(String model) {
    return described(model).config;
  }

  private Described described(String model) {
    Described described = models.get(model);
    if (described == null) {
      throw new IllegalArgumentException("model: " + model + " is not served here");
    }
    return described;
  }

  /**
   * Loads a model, and compiles its kernels before the first request needs them; those of a model
   * that was in memory before are compiled. Blocks the caller.
   *
   * @throws ModelLoadException when it cannot be used, or is not what it was at the start
   */
  ModelExecutor load(ServedModel model) {
    long begun = System.nanoTime();
    Described described = described(model.id());
    LOG.info("loading the model {}", model.id());
    Path folder = root.resolve(model.id());
    ModelWeights weights = ModelFiles.load(folder);
    if (!weights.config().equals(described.config)
        || (!ModelDigest.stamps(folder).equals(described.stamps)
            && !ModelDigest.of(folder).equals(model.digest()))) {
      throw new ModelLoadException("its files are not those of the start");
    }
    ModelExecutor executor =
        device.isPresent()
            ? CudaExecutor.create(device.get(), weights, described.options)
            : CpuExecutor.create(weights, described.options, team);
    LOG.info(
        "loaded {} ({} parameters in {}, {} kernels, {} KV blocks of {} bytes in {}) in {} ms",
        model.id(),
        described.config.parameters(),
        described.options.weights(),
        executor instanceof CpuExecutor cpu ? cpu.kernels() : executor.kind(),
        model.geometry().blocks(),
        model.geometry().blockBytes(),
        described.options.kv(),
        (System.nanoTime() - begun) / 1_000_000);
    if (executor instanceof CpuExecutor cpu && warm.add(model.id())) {
      long loaded = System.nanoTime();
      cpu.warmUp();
      LOG.info("warmed up in {} ms", (System.nanoTime() - loaded) / 1_000_000);
    }
    return new MeteredExecutor(executor, overhead, System::nanoTime);
  }

  /** What the walls between tenants took of the steps' thread. */
  MeteredExecutor.Overhead overhead() {
    return overhead;
  }

  /** "cpu" or "cuda". */
  String kind() {
    return device.isPresent() ? "cuda" : "cpu";
  }

  @Override
  public void close() {
    team.close();
    device.ifPresent(CudaDevice::close);
  }
}
