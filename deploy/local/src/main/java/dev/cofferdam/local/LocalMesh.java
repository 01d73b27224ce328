package dev.cofferdam.local;

import dev.cofferdam.local.pki.LocalAuthority;
import dev.cofferdam.local.process.Component;
import dev.cofferdam.local.process.Parallel;
import dev.cofferdam.local.process.Ports;
import dev.cofferdam.local.process.ProcessSpec;
import dev.cofferdam.local.process.Readiness;
import dev.cofferdam.local.process.Secrets;
import dev.cofferdam.local.process.StartFailedException;
import dev.cofferdam.local.seed.Seeding;
import dev.cofferdam.local.services.Launch;
import dev.cofferdam.local.services.ServiceKind;
import dev.cofferdam.local.services.ServiceProcess;
import dev.cofferdam.local.services.ServicePrograms;
import dev.cofferdam.local.trace.TraceFiles;
import dev.cofferdam.local.trace.TraceReceiver;
import dev.cofferdam.mesh.TlsFiles;
import dev.cofferdam.vocabulary.SpiffeId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A whole mesh on this machine: certificates, Kafka, Redis, PostgreSQL, a receiver of traces, and
 * the six services as processes of their own, kept running until it is stopped. Several meshes can
 * run beside each other, each with its own folder. When the process that started it ends, however
 * that happens, all of it ends.
 */
public final class LocalMesh implements AutoCloseable {
  private static final long STORE_WAIT_MS = 90_000;
  private static final long SERVICE_WAIT_MS = 90_000;

  private final LocalOptions options;
  private final StateFiles files;
  private final FileChannel lock;
  private final LocalAuthority authority;
  private final Secrets secrets;
  private final Map<String, Integer> ports;
  private final Map<String, Component> components = new LinkedHashMap<>();
  private final TraceReceiver traces;
  private final ServicePrograms programs;
  private final LocalStores stores;
  private volatile String state = "starting";
  private volatile List<SampleTenant> tenants = List.of();

  private LocalMesh(Path stateFolder, LocalOptions options) throws IOException {
    this.options = options;
    Files.createDirectories(stateFolder.resolve("logs"));
    this.files = new StateFiles(stateFolder);
    this.lock = lock(stateFolder);
    try {
      long began = System.nanoTime();
      this.authority = LocalAuthority.open(files.folder().resolve("pki"));
      this.secrets = new Secrets(files.folder().resolve("secrets"));
      identities();
      said("certificates", began, "authority " + files.authority());
      this.ports = Ports.choose(portNames(), options.ports(), files.ports(), new SecureRandom());
      files.ports(ports);
      this.traces = TraceReceiver.start(port("traces"), new TraceFiles(files.traces()));
      this.programs = programs(files.folder(), options);
      this.stores =
          new LocalStores(options, files, operator(), authority.server("kafka"), secrets, ports);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /**
   * Starts a mesh and waits until it serves and the samples are there.
   *
   * @param stateFolder where everything that it writes lies
   * @throws StartFailedException where something cannot start; what was started is stopped again
   */
  public static LocalMesh start(Path stateFolder, LocalOptions options) {
    return start(stateFolder, options, options.services());
  }

  /**
   * Starts a mesh without the processes that stand by for others, which would keep its first answer
   * waiting for their share of the processors; {@link #startOthers} starts them.
   *
   * @param stateFolder where everything that it writes lies
   * @throws StartFailedException where something cannot start; what was started is stopped again
   */
  public static LocalMesh startServing(Path stateFolder, LocalOptions options) {
    return start(stateFolder, options, options.servicesNeeded());
  }

  private static LocalMesh start(Path stateFolder, LocalOptions options, List<String> services) {
    programs(stateFolder, options).check();
    LocalMesh mesh;
    try {
      mesh = new LocalMesh(stateFolder, options);
    } catch (IOException e) {
      throw new StartFailedException("cannot use " + stateFolder + ": " + e.getMessage(), e);
    }
    mesh.orStop(() -> mesh.startServing(services));
    return mesh;
  }

  /**
   * Starts the processes that do not run yet, and waits until they serve.
   *
   * @throws StartFailedException where one cannot start; everything is stopped
   */
  public void startOthers() {
    List<String> others = new ArrayList<>(options.services());
    others.removeAll(processes());
    orStop(
        () ->
            Parallel.run(
                others.stream()
                    .map(process -> (Callable<Void>) () -> startService(process))
                    .toList()));
  }

  private void orStop(Runnable start) {
    try {
      start.run();
    } catch (RuntimeException e) {
      state = "failed";
      stop();
      throw e;
    }
  }

  private static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held in this process: the same answer.
    }
    channel.close();
    throw new StartFailedException(
        "a mesh runs already in " + folder + " (./cofferdam status, ./cofferdam down)");
  }

  /** Names of the ports that can be given. */
  public static List<String> portNames(int workers) {
    List<String> names = new ArrayList<>(List.of("rest", "grpc"));
    for (String process : ServiceKind.processes(workers)) {
      if (!process.equals("gateway")) {
        names.add(process);
      }
      names.add(process + "-http");
    }
    names.addAll(
        List.of(
            "metering-web",
            "audit-web",
            "console",
            "kafka",
            "kafka-controller",
            "redis",
            "postgres",
            "traces"));
    return names;
  }

  private List<String> portNames() {
    return portNames(options.allWorkers());
  }

  private void identities() throws IOException {
    for (String process : ServiceKind.processes(options.allWorkers())) {
      identityOf(process);
    }
    authority.server("kafka");
    operator();
    for (String tenant : Seeding.TENANTS) {
      tenantIdentity(tenant);
    }
    Files.copy(authority.trust(), files.authority(), StandardCopyOption.REPLACE_EXISTING);
  }

  private TlsFiles identityOf(String process) {
    ServiceKind kind = ServiceKind.ofProcess(process);
    String instance = kind == ServiceKind.WORKER ? process : "";
    return identity(process, new SpiffeId(LocalAuthority.TRUST_DOMAIN, kind.role(), instance));
  }

  /** Files of any identity, made where they are missing. */
  public TlsFiles identity(String name, SpiffeId id) {
    return authority.identity(name, id);
  }

  /** The operator's identity. */
  public TlsFiles operator() {
    return identity(
        "operator", new SpiffeId(LocalAuthority.TRUST_DOMAIN, SpiffeId.Role.OPERATOR, "local"));
  }

  /** A tenant's client certificate, made where it is missing. */
  public TlsFiles tenantIdentity(String tenant) {
    return identity(
        "tenant-" + tenant,
        new SpiffeId(LocalAuthority.TRUST_DOMAIN, SpiffeId.Role.TENANT, tenant));
  }

  private void startServing(List<String> services) {
    wroteState();
    programs.copy();
    CountDownLatch storesToCome = new CountDownLatch(LocalStores.NAMES.size());
    List<Callable<Void>> starts = new ArrayList<>();
    for (String name : LocalStores.NAMES) {
      starts.add(
          () -> {
            startStore(name);
            storesToCome.countDown();
            return null;
          });
    }
    for (String process : services) {
      starts.add(
          () -> {
            if (!startsBesideTheStores(process)) {
              storesToCome.await();
            }
            return startService(process);
          });
    }
    Parallel.run(starts);
    files.endpoints(endpoints());
    long began = System.nanoTime();
    try (Seeding seeding =
        new Seeding(
            endpoints().grpc(),
            operator(),
            files.authority(),
            options.repository().resolve("models/adapters"))) {
      tenants = seeding.run(files.tenants(), this::tenantIdentity);
    }
    files.tenants(tenants);
    said(
        "samples",
        began,
        tenants.size() + " tenants, keys in " + files.folder().resolve("tenants.json"));
    state = "ready";
    wroteState();
  }

  /**
   * Services wait for the stores, whose start they would delay where processors are few; a worker
   * has them to itself when the others are executables, and takes the longest.
   */
  private boolean startsBesideTheStores(String process) {
    return options.launch() == Launch.NATIVE
        && ServiceKind.ofProcess(process) == ServiceKind.WORKER;
  }

  private void startStore(String name) {
    long began = System.nanoTime();
    LocalStores.Store store = stores.prepare(name);
    run(store.process(), store.readiness(), STORE_WAIT_MS);
    said(store.name(), began, store.setUp().get());
  }

  private Void startService(String process) {
    long began = System.nanoTime();
    ServicePrograms.Program program = programs.of(process);
    ProcessSpec spec =
        ServiceProcess.process(
            java(),
            program,
            process,
            stores.settings().of(process, identityOf(process)),
            files.folder().resolve("run").resolve(process),
            files.log(process));
    run(spec, ServiceProcess.readiness(port(process + "-http")), SERVICE_WAIT_MS);
    said(process, began, "ready" + program.words());
    return null;
  }

  private static ServicePrograms programs(Path stateFolder, LocalOptions options) {
    return new ServicePrograms(options.repository(), stateFolder.resolve("apps"), options.launch());
  }

  private void run(ProcessSpec spec, Readiness readiness, long waitMs) {
    Component component =
        new Component(spec, readiness, waitMs, options.progress()::say, this::wroteState);
    synchronized (components) {
      components.put(spec.name(), component);
    }
    component.start();
    component.awaitReady();
  }

  private static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  private int port(String name) {
    Integer port = ports.get(name);
    if (port == null) {
      throw new IllegalArgumentException("no port is named " + name);
    }
    return port;
  }

  private void said(String what, long beganNanos, String detail) {
    double seconds = (System.nanoTime() - beganNanos) / 1e9;
    options
        .progress()
        .say(String.format(Locale.ROOT, "  %-13s %6.2f s  %s", what, seconds, detail));
  }

  private void wroteState() {
    Map<String, StateFiles.Identity> processes = new HashMap<>();
    synchronized (components) {
      components.forEach(
          (name, component) ->
              component
                  .pid()
                  .flatMap(ProcessHandle::of)
                  .ifPresent(handle -> processes.put(name, StateFiles.Identity.of(handle))));
    }
    files.running(
        new StateFiles.Running(StateFiles.Identity.of(ProcessHandle.current()), processes, state));
  }

  /** Where it is. */
  public Endpoints endpoints() {
    Map<String, String> metrics = new LinkedHashMap<>();
    for (String process : ServiceKind.processes(options.allWorkers())) {
      metrics.put(process, "http://127.0.0.1:" + port(process + "-http") + "/q/metrics");
    }
    TlsFiles operator = operator();
    return new Endpoints(
        "https://127.0.0.1:" + port("rest"),
        "127.0.0.1:" + port("grpc"),
        "127.0.0.1:" + port("metering"),
        "127.0.0.1:" + port("audit"),
        "127.0.0.1:" + port("router"),
        metrics,
        Map.of("certificate", operator.certificate().toString(), "key", operator.key().toString()));
  }

  /** The sample tenants with their keys. */
  public List<SampleTenant> tenants() {
    return tenants;
  }

  /** What it writes. */
  public StateFiles files() {
    return files;
  }

  /** Address of a port by name. */
  public String address(String portName) {
    return "127.0.0.1:" + port(portName);
  }

  /** Names of all processes. */
  public List<String> processes() {
    synchronized (components) {
      return List.copyOf(components.keySet());
    }
  }

  /**
   * A process of the mesh: "gateway", "worker-1", "kafka", …
   *
   * @throws IllegalArgumentException where there is none of that name
   */
  public Component process(String name) {
    synchronized (components) {
      Component component = components.get(name);
      if (component == null) {
        throw new IllegalArgumentException("no process is named " + name);
      }
      return component;
    }
  }

  /** Asks a process to end with SIGTERM; once it has, it is started again by itself. */
  public void terminate(String name) {
    process(name).terminate();
  }

  /** Kills a process with SIGKILL; it is started again by itself. */
  public void kill(String name) {
    process(name).kill();
  }

  /** Stops a process in good order, starts it, and waits until it serves. */
  public void restart(String name) {
    Component component = process(name);
    component.stop();
    component.start();
    component.awaitReady();
  }

  /** Waits until a process serves. */
  public void awaitReady(String name) {
    process(name).awaitReady();
  }

  /** Stops a process; it stays down until {@link #startProcess}. */
  public void stopProcess(String name) {
    process(name).stop();
  }

  /** Starts a stopped process and waits until it serves. */
  public void startProcess(String name) {
    process(name).start();
    process(name).awaitReady();
  }

  /** Stops Kafka; it stays away until it is started. */
  public void stopKafka() {
    stopProcess("kafka");
  }

  /** Starts Kafka and waits until it serves. */
  public void startKafka() {
    startProcess("kafka");
  }

  /** Stops Redis; it stays away until it is started. */
  public void stopRedis() {
    stopProcess("redis");
  }

  /** Starts Redis, empty, and waits until it serves. */
  public void startRedis() {
    startProcess("redis");
  }

  /** Stops everything in order: the edge, the services, the stores. */
  public void stop() {
    List<Component> edge = new ArrayList<>();
    List<Component> services = new ArrayList<>();
    List<Component> stores = new ArrayList<>();
    synchronized (components) {
      components.forEach(
          (name, component) -> {
            if (name.equals("gateway")) {
              edge.add(component);
            } else if (LocalStores.NAMES.contains(name)) {
              stores.add(component);
            } else {
              services.add(component);
            }
          });
    }
    for (List<Component> group : List.of(edge, services, stores)) {
      try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
        group.forEach(component -> executor.submit(() -> component.stop()));
      }
    }
    traces.close();
    files.forgetRunning();
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    stop();
  }
}
